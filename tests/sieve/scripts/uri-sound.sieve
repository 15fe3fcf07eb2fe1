require "enotify";
notify :options "tone=high" "mailto:u@example.org?subject=a%20b%3C&body=x=y!$'()*+,;:@-._~&flag";

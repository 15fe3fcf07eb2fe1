require "vnd.dovecot.filter"; if filter "mark" { if header "x-mark" "yes" { discard; } }

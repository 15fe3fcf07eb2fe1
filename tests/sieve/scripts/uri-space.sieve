require "enotify";
notify "mailto:u@example.org?subject=a b";

require "enotify";
notify "mailto:u@example.org?subject=grün";

require "enotify";
notify "mailto:u@example.org?sub<ject=x";

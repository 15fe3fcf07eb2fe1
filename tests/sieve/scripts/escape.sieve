require "vnd.dovecot.pipe"; pipe "../bin/mark";

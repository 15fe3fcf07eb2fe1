require "vnd.dovecot.execute"; if not execute "hang" { discard; }

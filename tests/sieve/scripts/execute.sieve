require ["vnd.dovecot.execute","variables"]; if execute :input "ab" :output "o" "upper" "x" { if string :is :comparator "i;octet" "${o}" "ABx" { discard; } }

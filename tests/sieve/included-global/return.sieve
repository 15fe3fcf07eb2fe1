require ["include","variables"]; set "global.returned" "yes"; return; set "global.returned" "no";

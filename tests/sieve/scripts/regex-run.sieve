require ["regex", "variables"];
set "re" "b(";
if header :regex "subject" "${re}" { discard; }

require ["vacation", "imap4flags", "fileinto", "date", "relational", "comparator-i;ascii-numeric"];
#SCRIPTNAME: Work
if header :contains "X-KMail-Project" "work"
{
   setflag ["\\Answered", "\\Flagged"];
   fileinto "work";
}
#SCRIPTNAME: vacation
if allof(currentdate :value "ge" "date" "2026-07-01", currentdate :value "le" "date" "2026-07-14")
{
   vacation :addresses ["me@example.org"] :days 7 :subject "Out of office till %2" text:
I am out of office till the 14th of July.
.
;
}

# This is SnappyMail sieve script.
# Please don't change anything here.
# RAINLOOP:SIEVE

require ["fileinto","copy","imap4flags","vacation","body"];

/*
BEGIN:FILTER:a1b2c3
eyJJRCI6ImExYjJjMyJ9
END:FILTER
*/
if anyof(
header :contains ["Subject"] "invoice",
body :raw :contains "invoice"
)
{
    addflag "\\Seen";
    fileinto "Invoices";
    stop;
}
/* END:FILTER */

/* BEGIN:FILTER:d4e5f6 */
if header :contains ["From"] "boss@example.org"
{
    redirect :copy "phone@example.net";
    keep;
    stop;
}
/* END:FILTER */

/* BEGIN:FILTER:vacation */
if header :is ["X-Vacation-Test"] "yes"
{
    vacation :days 10 :addresses ["me@example.org"] :subject "Holidays" "Back soon.";
}
/* END:FILTER */

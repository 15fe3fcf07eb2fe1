# Rules as the Sieve add-on for Thunderbird writes them
require ["fileinto", "reject", "envelope"];

#{"name":"Friends"}
if anyof(
	address :all :is "from" ["ann@example.com", "bob@example.com"],
	envelope :domain :is "from" "friends.example")
{
	fileinto "INBOX.Friends";
}
elsif allof(header :contains "subject" ["make money", "viagra"],
	not exists ["x-whitelisted"])
{
	reject "No, thank you.";
}
else
{
	keep;
}

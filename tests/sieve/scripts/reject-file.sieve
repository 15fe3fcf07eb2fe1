require ["fileinto","reject"]; reject "no"; fileinto "X";

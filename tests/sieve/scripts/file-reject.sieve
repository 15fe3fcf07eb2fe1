require ["fileinto","reject"]; fileinto "X"; reject "no";

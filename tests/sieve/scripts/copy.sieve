require ["fileinto", "copy"]; fileinto :copy "B";

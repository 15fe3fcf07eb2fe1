fileinto "x";
keep :flags "x";

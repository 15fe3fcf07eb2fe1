require ["encoded-character", "fileinto"];
fileinto "${unicode:41 110000}";

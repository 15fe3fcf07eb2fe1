frob;
frob;
if header "a" { keep; }
keep :nonsense;
keep;
else { keep; }
require "fileinto";

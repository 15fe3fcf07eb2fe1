require "frob";
keep;

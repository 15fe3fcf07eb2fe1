require "replace";
replace :mime :subject "x" "y";
replace :from "nobody" "y";

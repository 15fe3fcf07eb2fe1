require "regex";
if header :regex "subject" "(?=a)" { keep; }
if header :regex "subject" "a|*b" { keep; }
if header :regex "subject" "a{2,1}" { keep; }
if header :regex "subject" "[[:word:]]" { keep; }
if header :regex "subject" "((((a{1000}){1000}){1000}){1000})" { keep; }
if header :regex "subject" "[aò]" { keep; }

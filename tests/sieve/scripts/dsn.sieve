require ["redirect-dsn", "redirect-deliverby"];
redirect :notify "SUCCESS,NEVER" "x@example.org";
redirect :ret "half" "x@example.org";
redirect :bytimerelative 10 :bymode "x" "x@example.org";
redirect :bytimerelative 10 :bytimeabsolute "2026-01-01T00:00:00Z" "x@example.org";
redirect :bytimeabsolute "soon" "x@example.org";
redirect :bytrace "x@example.org";
redirect :bymode "return" "x@example.org";

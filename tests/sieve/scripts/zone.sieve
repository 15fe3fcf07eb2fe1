require ["envelope", "envelope-deliverby"];
if envelope :zone "here" "bytimeabsolute" "x" { stop; }

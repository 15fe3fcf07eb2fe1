if header ["a",] "b" { keep; }
if anyof (true,) { stop; }
keep;

if true "x" :tag { keep; }

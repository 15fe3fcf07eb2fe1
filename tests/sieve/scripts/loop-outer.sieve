require ["foreverypart", "include"];
foreverypart { foreverypart { foreverypart { include "loop-inner"; } } }

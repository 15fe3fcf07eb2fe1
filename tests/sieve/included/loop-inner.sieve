require "foreverypart";
foreverypart { foreverypart { discard; } }

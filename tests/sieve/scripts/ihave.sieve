require "ihave"; if ihave "fileinto" { error "sorry"; }

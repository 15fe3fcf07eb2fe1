require "encoded-character"; if header "${unicode:d800}" "x" { keep; }

require "extlists";
redirect :list "tag:example.com,2026:friends";
redirect :list "book";

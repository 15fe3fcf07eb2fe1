require "include"; include "count";

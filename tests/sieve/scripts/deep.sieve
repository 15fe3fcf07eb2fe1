require "include"; include "count-deep";

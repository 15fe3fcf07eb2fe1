require "include";
include "inner";
keep 1;

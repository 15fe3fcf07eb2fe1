require "include";
include "inner";

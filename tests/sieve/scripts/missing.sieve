require "include"; include "nowhere";

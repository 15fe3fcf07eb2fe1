require "fileinto"; require "mailbox"; keep; fileinto :create "B";

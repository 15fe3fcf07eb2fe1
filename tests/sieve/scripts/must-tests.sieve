if allof (allof (allof (allof (allof (allof (allof (allof (allof (allof (allof (allof (allof (allof (allof ( true ))))))))))))))) { discard; }

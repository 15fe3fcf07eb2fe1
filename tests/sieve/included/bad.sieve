keep 3;
frob;

"""The way to IMS: `wire` says what the bytes are, the modules beside it open sockets and use them."""

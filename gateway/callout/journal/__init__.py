"""The journal of asynchronous callouts: what IMS was told that we have is here until it is delivered."""

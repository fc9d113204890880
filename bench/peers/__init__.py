"""The servers that the comparison measures beside the gateway; each does what its own library offers."""

"""Values that are right one by one and do not fit each other. One module a subject; each check takes a Home."""

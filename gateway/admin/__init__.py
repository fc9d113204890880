"""What operators see and do over HTTP on the admin listener: the management API and the console before it."""

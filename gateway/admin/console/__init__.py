"""The console: pages for operators, made by the server; what they change goes through the management API."""

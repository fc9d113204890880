"""The management API: a table of endpoints; HTTP, the console and the OpenAPI document all go by it."""

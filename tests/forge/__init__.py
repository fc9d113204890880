"""A maker of WS-Security messages for tests, honest and hostile, which shares no code with the product."""

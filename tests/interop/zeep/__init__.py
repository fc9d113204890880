"""zeep as an outside client."""

"""Changes to a home, whole or not at all: services and bundles, with the comments of their files kept."""

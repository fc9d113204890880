"""Changes to a home, whole or not at all: services and bundles, written with their comments kept, judged, activated."""

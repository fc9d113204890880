"""WS-Security, whole, in gateways that run: worker processes, TLS, an IMS Connect that asks RACF."""

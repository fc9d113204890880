"""IMS Gateway: SOAP web services with WS-Security in front of IBM IMS Connect."""

__version__ = "0.1.0"

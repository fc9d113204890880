"""Calls of web services: SOAP by zeep, HTTP with a deadline on every wait."""

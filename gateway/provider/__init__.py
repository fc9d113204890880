"""The request path: from a SOAP request that HTTP delivered to an answer of IMS."""

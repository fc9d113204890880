"""Between the body of a SOAP message and the segments of an IMS message.

With `adapter = "none"` the IMS program gets the XML itself behind its transaction code; with `adapter = "xml"`
the XML adapter of IMS Connect converts it, and finds the transaction code in the IRM.
"""

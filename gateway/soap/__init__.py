"""SOAP: deployed contracts, and the way of a checked message through Spyne.

Words: a *contract* is a deployed WSDL with its schemas; its *ports* are addresses of ours; an *operation* is
chosen by the *body element* and the *action*. The *payload* is the one child of the Body, both ways.
"""

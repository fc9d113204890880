"""Callout: IMS programs call web services.

One message on its way: `listener` retrieves it from a tpipe, `message` reads it, `target` says where it goes,
`outbound` calls the service. A synchronous one (`synchronous`) is answered to the ICAL that waits; an
asynchronous one (`asynchronous`) is in the `journal` before IMS is told that we have it, and `delivery` sees to
it from there. `runtime` puts all of that together.
"""

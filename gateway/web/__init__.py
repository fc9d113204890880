"""HTTP, from the listening socket to the finished request and back.

Words used here, in the order a request meets them:

*listener*: one bound address: ``https``, ``http`` or ``admin``. *stream*: an accepted socket, plain or TLS.
*exchange*: one request and its response, as bytes and values (h11, no I/O). *connection*: the life of a
stream, exchange after exchange, under deadlines. *turn*: the right to one of the worker's threads. *front
door*: the WSGI callable that knows the addresses.

gunicorn's arbiter keeps the worker processes; in each worker one asyncio loop reads and writes all connections,
and a bounded pool of threads runs the WSGI callable on requests that have arrived completely.
"""

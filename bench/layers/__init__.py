"""`python -m bench layers`: what each layer of the way of a request costs, and what it cannot cost less than.

Requests go through the gateway's own code in this process, from the bytes that came to the bytes that go,
without sockets of HTTP; IMS Connect is the stand-in in a process of its own. The time is told apart at the
seams between the layers, so the figures add up to the whole. Floors: the same work done by a library alone.
"""

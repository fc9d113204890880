"""`python -m bench comparison`: what a request costs here and at other SOAP stacks, all in one run.

Every server gets the same bytes, made beforehand; before anything is measured it has to accept a message and to
refuse what was forged of it. CPU time is that of all processes of a server, as the kernel counts it; requests a
second are what comes out when load generator, stand-in and server share the machine.
"""

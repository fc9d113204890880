"""How the processes of one installation talk to each other: a line of JSON each way over Unix sockets.

The sockets are in folders of the state that only the installation's user may enter.
"""

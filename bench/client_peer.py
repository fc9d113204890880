"""The other side of `client`: a process that knows no protocol but the length of a message."""

import selectors
import socket
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

CSM: Final = bytes.fromhex("000c10025cc3e2d4d6d2e85c")


def reply_of(size: int) -> bytes:
    """Return an output message of one segment."""
    body = (4 + size).to_bytes(2) + bytes(2) + b"\xc1" * size + CSM
    return (4 + len(body)).to_bytes(4) + body


def answer(pipe: Pipe, replies: dict[int, bytes]) -> None:
    """Tell the port, then answer every message by its length, for ever. KeyError for one of another length."""
    selector = selectors.DefaultSelector()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    selector.register(listening, selectors.EVENT_READ)
    pipe.send(listening.getsockname()[1])
    buffers: dict[socket.socket, bytearray] = {}
    while True:
        for key, _ in selector.select():
            sock: Any = key.fileobj
            if sock is listening:
                connection, _address = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ)
                buffers[connection] = bytearray()
                continue
            data = sock.recv(65_536)
            if not data:
                selector.unregister(sock)
                sock.close()
                continue
            buffer = buffers[sock]
            buffer += data
            length = int.from_bytes(buffer[:4])
            if len(buffer) >= length:
                del buffer[:length]
                sock.sendall(replies[length])

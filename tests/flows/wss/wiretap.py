"""Somebody who listens between the gateway and IMS Connect, and keeps what the gateway sends."""

import socket
import threading
from contextlib import suppress
from typing import Self

_PASSWORD = slice(76, 84)
_USER = slice(60, 68)
_TRANSACTION = slice(36, 44)
"""IRM_RACF_PW, IRM_RACF_USERID and IRM_TRNCOD, counted from LLLL (Format of user portion of IRM)."""


def field(message: bytes, place: slice) -> str:
    """Return a field of an input message in EBCDIC."""
    return message[place].decode("cp037").rstrip()


class Wiretap:
    """Forwards a port of its own to IMS Connect."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._messages: list[bytes] = []
        self._sockets: list[socket.socket] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def messages(self) -> list[bytes]:
        """Every input message so far that is complete, in the order in which they came."""
        return list(self._messages)

    def of(self, user: str, transaction: str) -> list[bytes]:
        """Return the messages of one user for one transaction."""
        wanted = (user, transaction)
        return [each for each in self.messages if (field(each, _USER), field(each, _TRANSACTION)) == wanted]

    @property
    def passwords(self) -> set[str]:
        """Every password and PassTicket that went by."""
        return {password_of(each) for each in self.messages} - {""}

    def close(self) -> None:
        """Stop listening and end all connections."""
        for sock in [self._listener, *self._sockets]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._acceptor.join(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            for source, sink, told in ((client, server, self._messages), (server, client, None)):
                threading.Thread(target=_pump, args=(source, sink, told), daemon=True).start()


def password_of(message: bytes) -> str:
    """Return what stands where the password does."""
    return field(message, _PASSWORD)


def with_password(message: bytes, password: str) -> bytes:
    """Return an input message with another password."""
    return message[: _PASSWORD.start] + password.ljust(8).encode("cp037") + message[_PASSWORD.stop :]


def of_client(message: bytes, client_id: str) -> bytes:
    """Return an input message of another client (IRM_CLIENTID)."""
    return message[:24] + client_id.ljust(8).encode("cp037") + message[32:]


def _pump(source: socket.socket, sink: socket.socket, told: list[bytes] | None) -> None:
    """Forward all that comes; tell of complete messages before they go on."""
    pending = b""
    with suppress(OSError):
        while data := source.recv(65_536):
            if told is not None:
                pending += data
                while len(pending) >= 4 and len(pending) >= (size := int.from_bytes(pending[:4])):
                    told.append(pending[:size])
                    pending = pending[size:]
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)

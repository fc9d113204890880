"""A proxy of HTTP, over plain sockets: CONNECT by bytes, everything else by naming what was asked."""

import socket
import ssl
import threading
from contextlib import suppress

from tests.fixtures.hostile_service import Link, Service


class Proxy(Service):
    """Connects to wherever it is asked, and writes down what that was."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, refuse: str = "", silent: bool = False) -> None:
        """`refuse`: status that CONNECT is answered with; `silent`: it is not answered at all."""
        super().__init__(tls=tls)
        self.asked: list[str] = []
        self._own_tls, self._refuse, self._silent = tls, refuse, silent
        self.greet = self._pass_on

    def _pass_on(self, link: Link) -> None:
        if self._own_tls is not None:
            link.raw = self._own_tls.wrap_socket(link.raw, server_side=True)
        heard = link.hear()
        assert heard is not None
        self.asked.append(heard.line)
        self._heard.append(heard)
        method, target, _ = heard.line.split(" ")
        if self._silent:
            link.wait()
        elif method != "CONNECT":
            link.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + self.answer)
        elif self._refuse:
            link.send(f"HTTP/1.1 {self._refuse}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            host, _, port = target.rpartition(":")
            self._tunnel(link, host, int(port))

    answer = b""

    def _tunnel(self, link: Link, host: str, port: int) -> None:
        with socket.create_connection((host, port)) as there:
            link.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(there, link.raw))
            back.start()
            _pump(link.raw, there)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for sock in (source, sink):
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

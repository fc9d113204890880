"""A proxy of HTTP, over plain sockets: CONNECT by bytes, everything else by naming what was asked."""

import select
import socket
import ssl

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
            _pass_both_ways(link.raw, there)


def _pass_both_ways(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes on until a side ends: in one thread, as OpenSSL's connections bear no second one."""
    ways = {one: other, other: one}
    while True:
        held = [each for each in ways if isinstance(each, ssl.SSLSocket) and each.pending()]
        ready = held or select.select(list(ways), [], [])[0]
        for source in ready:
            source.setblocking(False)
            try:
                data = source.recv(65_536)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except OSError:
                return
            finally:
                source.setblocking(True)
            if not data:
                return
            try:
                ways[source].sendall(data)
            except OSError:
                return

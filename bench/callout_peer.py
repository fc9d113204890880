"""A web service that costs nothing: over TLS it answers every POST at once, and counts. A process of its own.

Usage: python -m bench.callout_peer PORT PEM
"""

import asyncio
import ssl
import sys

BODY = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    b'<RateResponse xmlns="urn:ims-gateway:lab:rating"><score>7</score><who>bench</who></RateResponse>'
    b"</e:Body></e:Envelope>"
)
HEAD = b"HTTP/1.1 %s\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


class Peer:
    """Counts requests; GET tells how many POSTs there were."""

    def __init__(self) -> None:
        self.count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                writer.write(self._answer(head, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET"):
            text = str(self.count).encode()
            return HEAD % (b"200 OK", len(text)) + text
        self.count += 1
        if b"urn:ims-gateway:lab:events" in body:
            return HEAD % (b"202 Accepted", 0)
        return HEAD % (b"200 OK", len(BODY)) + BODY


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def main(port: int, pem: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    server = await asyncio.start_server(Peer().serve, "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

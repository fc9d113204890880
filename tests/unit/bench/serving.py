"""A server that answers as a test says."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@contextmanager
def server(answer):
    """Answer POSTs with what `answer` makes of a body: status, body, whether in chunks."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        seen: ClassVar[list[bytes]] = []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.seen.append(body)
            status, told, chunks = answer(body)
            self.send_response(status)
            self.send_header(
                *(("Transfer-Encoding", "chunked") if chunks else ("Content-Length", str(len(told))))
            )
            self.end_headers()
            half = len(told) // 2
            parts = [told[:half], told[half:], b""] if chunks else []
            self.wfile.write(b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in parts) or told)

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield running.server_port, Handler.seen
    finally:
        running.shutdown()
        thread.join()
        running.server_close()

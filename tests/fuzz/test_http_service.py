"""Any bytes on a real socket: HTTP answers or a close, never a hang, and the next caller is served.

IMSGW_FUZZ_EXAMPLES says how many, IMSGW_FUZZ_SEED repeats a run.
"""

import os
import random
import re
import socket

import pytest

from gateway.config.model import ServerSettings
from gateway.tls import server_tls
from gateway.web.environ import ListenerName
from tests.fixtures.pki import Pki
from tests.fixtures.web import PATIENCE, RunningService, ServiceFactory, ask, post, read_to_end
from tests.fuzz import http_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))
ANSWER = re.compile(rb"HTTP/1\.1 (100|200|4\d\d|503) ")


def thrown_at(service: RunningService, data: bytes, name: ListenerName, choose: random.Random) -> bytes:
    """Send bytes in pieces, say that there are no more, return what comes until the close."""
    with socket.create_connection(("127.0.0.1", service.ports[name]), timeout=PATIENCE) as sock:
        try:
            for piece in http_cases.pieces(data, choose):
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
        except TimeoutError:
            raise  # that is a hang
        except OSError:
            pass  # it was answered and closed before all was sent, or before we said so
        return read_to_end(sock)


@pytest.mark.parametrize("round_", range(2))
def test_any_bytes_get_answers_or_a_close(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture, round_: int
) -> None:
    choose, seeds = random.Random(SEED + round_), http_cases.seeds()
    service = web_service(max_request_bytes=2048)
    for _ in range(EXAMPLES // 2):
        data = http_cases.hostile(choose, seeds)
        back = thrown_at(service, data, "http", choose)
        assert back == b"" or ANSWER.match(back), data
    with service.connect() as sock:
        assert ask(sock, post("Echo")).status == 200
    assert service.do(lambda: service.service._shared.memory.taken) == 0
    assert "unexpected error" not in caplog.text


def test_any_bytes_on_the_https_listener_get_an_alert_a_400_or_a_close(
    web_service: ServiceFactory, pki: Pki, caplog: pytest.LogCaptureFixture
) -> None:
    choose, seeds = random.Random(SEED), [bytes.fromhex("16030100c8010000c40303") + bytes(range(189))]
    service = web_service(tls={"https": server_tls(ServerSettings(keystore=pki.server_keystore()))})
    for _ in range(EXAMPLES // 2):
        back = thrown_at(service, http_cases.hostile(choose, seeds), "https", choose)
        assert back == b"" or back[0] == 0x15 or back.startswith(b"HTTP/1.1 400 ") or back[0] == 0x16
    assert "unexpected error" not in caplog.text

"""Every raw request of the corpus gets the answers written beside it, however its bytes are cut."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.web import RunningService, ServiceFactory, read_to_end

CORPUS = Path(__file__).parents[2] / "corpus" / "http"
CASES = sorted(path.stem for path in CORPUS.glob("*.raw"))


@pytest.fixture
def service(web_service: ServiceFactory) -> RunningService:
    return web_service(max_request_bytes=2048)


def answers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split what came back into status and body; interim answers are left out."""
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        if status < 200:
            continue
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        length = int(headers[b"content-length"])
        yield status, data[:length]
        data = data[length:]


def expected(name: str) -> list[tuple[int, bytes]]:
    lines = (CORPUS / f"{name}.expected").read_text().splitlines()
    return [(int(line.split(" ")[0]), line.partition(" ")[2].encode()) for line in lines]


def hold_against(name: str, data: bytes) -> None:
    got = list(answers(data))
    wanted = expected(name)
    assert [status for status, _ in got] == [status for status, _ in wanted]
    for (_, body), (_, begins) in zip(got, wanted, strict=True):
        assert body.startswith(begins)


def test_the_corpus_is_there() -> None:
    assert len(CASES) > 100
    assert sorted(path.stem for path in CORPUS.glob("*.expected")) == CASES


@pytest.mark.parametrize("name", CASES)
def test_a_request_sent_whole_gets_its_answers(service: RunningService, name: str) -> None:
    with service.connect() as sock:
        sock.sendall((CORPUS / f"{name}.raw").read_bytes())
        sock.shutdown(socket.SHUT_WR)
        data = read_to_end(sock)
    if name.startswith("head-"):  # announced like GET's, and not sent
        [(status, _)] = expected(name)
        assert data.startswith(b"HTTP/1.1 %d " % status)
        assert b"Content-Length: " in data
        assert data.endswith(b"\r\n\r\n")
        return
    hold_against(name, data)


@pytest.mark.parametrize(
    "name",
    [name for name in CASES if not name.startswith(("head-", "target-too", "header-line", "header-too"))],
)
def test_a_request_sent_byte_by_byte_gets_the_same_answers(service: RunningService, name: str) -> None:
    with service.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for byte in (CORPUS / f"{name}.raw").read_bytes():
                sock.send(bytes([byte]))
            sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        hold_against(name, read_to_end(sock))

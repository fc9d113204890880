"""What the fuzz tests of the wire do with one input, as plain functions that a loop can drive.

Each holds one invariant: the bytes parse, or the one error of that direction is raised, never another, and what
parsed can be written and read again.
"""

import random

from gateway.imsconnect.wire import (
    F1,
    F2,
    ClientConnection,
    EarlyCloseError,
    Exit,
    HeaderCode,
    InputMessage,
    InputViolation,
    Irm,
    RemoteProtocolError,
    ServerConnection,
    State,
    Verb,
    decode_input,
    decode_output,
    encode_input,
    encode_output,
)
from tests.unit.imsconnect.wire import corpus

MAX_MESSAGE = 4096
_PIECES = (1, 3, 16, 4096)


def seeds(folder: str) -> list[bytes]:
    return [case.data for case in corpus.cases(folder)]


def mutated(data: bytes, choose: random.Random) -> bytes:
    """Return `data` with a few bytes changed, dropped, doubled, swapped or cut, mostly where lengths stand."""
    out = bytearray(data)
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(out)) if out else 0
        kind = choose.randrange(7)
        if kind == 0 and out:
            out[at] ^= 1 << choose.randrange(8)
        elif kind == 1 and out:
            out[at] = choose.choice((0x00, 0x01, 0x04, 0x0C, 0x14, 0x28, 0x34, 0x40, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del out[at : at + choose.randint(1, 8)]
        elif kind == 3:
            out[at:at] = choose.randbytes(choose.randint(1, 8))
        elif kind == 4:
            out[at:at] = out[at : at + choose.randint(1, 40)]
        elif kind == 5:
            del out[at:]
        elif len(out) >= 4:
            out[:4] = len(out).to_bytes(4)
    return bytes(out)


def check_output(data: bytes) -> None:
    """A reply parses or is a RemoteProtocolError; one that parsed is written and read as the same."""
    for exit_ in (Exit.HWSSMPL0, Exit.HWSSMPL1):
        for code in HeaderCode:
            try:
                message = decode_output(data, exit_, code)
            except RemoteProtocolError:
                continue
            assert decode_output(encode_output(message, exit_, code), exit_, code) == message


def check_client(data: bytes, choose: random.Random) -> None:
    """A client in any state takes any bytes in any pieces: replies or a RemoteProtocolError, then CLOSED."""
    exit_, code = choose.choice((Exit.HWSSMPL0, Exit.HWSSMPL1)), choose.choice(tuple(HeaderCode))
    client = ClientConnection(exit_, code, MAX_MESSAGE)
    verb = choose.choice((Verb.SEND_RECEIVE, Verb.SEND_ONLY_ACK, Verb.RESUME_TPIPE, Verb.SEND_ONLY_ERROR))
    carries = () if verb is Verb.RESUME_TPIPE else (b"IVTNO",)
    f2 = F2.CM0 if carries == () else choose.choice((F2.CM0, F2.CM1))
    irm = Irm(exit_, code, verb=verb, f1=choose.choice((F1.NONE, F1.MFSREQ | F1.CIDREQ)), f2=f2)
    client.send(InputMessage(irm, carries))
    size = choose.choice(_PIECES)
    try:
        for at in range(0, len(data), size):
            assert len(client.receive(data[at : at + size])) <= 1
        client.end()
    except EarlyCloseError:
        pass
    except RemoteProtocolError:
        assert client.state is State.CLOSED
    assert not client.reusable or client.state is State.IDLE


def check_input(data: bytes) -> None:
    """An input message parses or is an InputViolation; one that parsed is written and read as the same."""
    try:
        message = decode_input(data)
    except InputViolation as violation:
        assert violation.return_code in {4, 16}
        return
    assert decode_input(encode_input(message)) == message


def check_server(data: bytes, choose: random.Random) -> None:
    """A server takes any bytes in any pieces: messages, or an InputViolation that it can answer."""
    server = ServerConnection(MAX_MESSAGE)
    size = choose.choice(_PIECES)
    try:
        for at in range(0, len(data), size):
            server.receive(data[at : at + size])
    except InputViolation as violation:
        answer = server.refuse(violation)
        assert bool(answer) is violation.answerable
        assert server.state is State.CLOSED


def run(seed: int, examples: int) -> None:
    """Drive every check with `examples` inputs each: half mutations of the corpus, half random bytes."""
    choose = random.Random(seed)
    outputs, inputs = seeds("output") + seeds("hostile"), seeds("input") + seeds("refused")
    for number in range(examples):
        for known, check, check_connection in (
            (outputs, check_output, check_client),
            (inputs, check_input, check_server),
        ):
            noise = choose.randbytes(choose.randint(0, 200))
            data = mutated(choose.choice(known), choose) if number % 2 else noise
            check(data)
            check_connection(data, choose)

from dataclasses import replace

import pytest

from gateway.exchange import Secret
from gateway.imsconnect.wire import (
    F0,
    F1,
    F2,
    F3,
    F5,
    F6,
    Exit,
    Extension,
    HeaderCode,
    InputMessage,
    Irm,
    LocalProtocolError,
    SocketType,
    Verb,
    decode_input,
    encode_input,
    irm_encoding,
)
from gateway.imsconnect.wire.irm_encoding import encode_irm
from tests.unit.imsconnect.wire import corpus

ACK = Irm(Exit.HWSSMPL1, verb=Verb.ACK)
TOKEN = bytes.fromhex("0028") + bytes(range(1, 39))


@pytest.mark.parametrize(
    ("arch", "length"), [(0, 80), (1, 96), (2, 112), (3, 160), (4, 168), (5, 172)], ids=str
)
def test_each_level_has_its_exact_length(arch, length):
    irm = encode_irm(replace(ACK, arch=arch))
    assert len(irm) == length
    assert irm[:2] == length.to_bytes(2)
    assert len(encode_input(InputMessage(replace(ACK, arch=arch)))) == length + 8


def test_level_0_with_an_application_name_is_88_bytes():
    assert len(encode_irm(replace(ACK, application="IMSAPPL"))) == 88
    assert len(encode_irm(replace(ACK, application_field=True))) == 88


# offset and length from LLLL, level, attribute
PLACES = [
    (24, 8, 0, "client_id"),
    (36, 8, 0, "transaction"),
    (44, 8, 0, "datastore"),
    (52, 8, 0, "lterm"),
    (60, 8, 0, "user"),
    (68, 8, 0, "group"),
    (76, 8, 0, "password"),
    (84, 8, 0, "application"),
    (92, 8, 1, "reroute_name"),
    (100, 8, 2, "adapter"),
    (108, 8, 2, "converter"),
    (116, 8, 3, "mod_name"),
]


@pytest.mark.parametrize(("offset", "length", "arch", "attribute"), PLACES, ids=str)
@pytest.mark.parametrize("code", HeaderCode)
def test_a_text_stands_at_its_offset_and_nowhere_else(offset, length, arch, attribute, code):
    base = replace(ACK, code=code, arch=arch, application_field=True)
    value = Secret("X1234567") if attribute == "password" else "X1234567"
    with_text = encode_input(InputMessage(replace(base, **{attribute: value})))
    without = encode_input(InputMessage(base))
    assert with_text[offset : offset + length] == "X1234567".encode(code.value)
    assert without[offset : offset + length] == " ".encode(code.value) * 8
    assert with_text[:offset] + with_text[offset + length :] == without[:offset] + without[offset + length :]


BYTES = [
    (6, "arch", 5),
    (7, "f0", F0(0xF0)),
    (20, "f5", F5(0x57)),
    (21, "timer", 0x45),
    (22, "socket", SocketType(0x40)),
    (23, "encoding", 0x02),
    (32, "f1", F1(0xC7)),
    (33, "f2", F2(0x43)),
    (34, "f3", F3(0xFF)),
    (174, "f6", F6(0x80)),
]


@pytest.mark.parametrize(("offset", "attribute", "value"), BYTES, ids=str)
def test_a_flag_byte_stands_at_its_offset(offset, attribute, value):
    irm = replace(ACK, **{"arch": 5, attribute: value})
    data = encode_input(InputMessage(irm))
    assert data[offset] == value
    assert getattr(decode_input(data).irm, attribute) == value


def test_nak_reason_and_tokens_stand_at_their_offsets():
    irm = replace(ACK, arch=4, nak_reason=0x0123, correlation_token=TOKEN, session_token=b"SESSIONT")
    data = encode_input(InputMessage(irm))
    assert data[16:18] == b"\x01\x23"
    assert data[124:164] == TOKEN
    assert data[164:172] == b"SESSIONT"


@pytest.mark.parametrize(("attribute", "arch"), [(a, arch) for _, _, arch, a in PLACES if arch])
def test_a_field_of_a_higher_level_is_refused_and_not_dropped(attribute, arch):
    with pytest.raises(LocalProtocolError, match=f"needs IRM_ARCH {arch}"):
        encode_irm(replace(ACK, arch=arch - 1, **{attribute: "NAME"}))


@pytest.mark.parametrize(
    "changed",
    [
        {"arch": 6},
        {"arch": -1},
        {"arch": 2, "correlation_token": TOKEN},
        {"arch": 3, "correlation_token": TOKEN[:39]},
        {"arch": 3, "session_token": bytes(8) + b"x"},
        {"arch": 4, "session_token": b"short"},
        {"arch": 4, "f6": F6.NWSE},
        {"arch": 4, "extensions": (Extension("*NETUID*", b"x"),)},
        {"arch": 5, "extensions": (Extension("*NINECHAR*", b"x"),)},
        {"arch": 5, "extensions": (Extension("*OTHER1*", bytes(0x7FF4)),)},
        {"arch": 5, "extensions": (Extension("*OTHER1*", bytes(0x7000)),) * 3},
        {"nak_reason": 0x10000},
        {"nak_reason": -1},
        {"timer": 256},
        {"encoding": -1},
        {"f0": 0x100},
        {"client_id": "NINECHARS"},
        {"transaction": "Ж"},
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_its_field_is_refused(changed):
    with pytest.raises(LocalProtocolError):
        encode_irm(replace(ACK, **changed))


def test_messages_of_one_operation_differ_in_who_sends_them_and_nothing_else():
    def sent(client_id: str, user: str, password: str) -> bytes:
        irm = replace(ACK, verb=Verb.SEND_RECEIVE, transaction="IVTNO", datastore="IMS1", client_id=client_id)
        return encode_irm(replace(irm, user=user, group="GRP", password=Secret(password)))

    first, again, other = sent("C1", "U1", "P1"), sent("C1", "U1", "P1"), sent("C2", "U2", "P2")
    assert again == first
    # offsets count from LLLL, the IRM starts at 4; C1, U1 and P1 in code page 37
    for offset, letter in ((24, b"\xc3"), (60, b"\xe4"), (76, b"\xd7")):
        assert first[offset - 4 : offset + 4] == letter + b"\xf1" + b"\x40" * 6
        assert other[offset - 4 : offset + 4] == letter + b"\xf2" + b"\x40" * 6
    others = [at + 4 for at, (one, two) in enumerate(zip(first, other, strict=True)) if one != two]
    assert others == [25, 61, 77]


@pytest.mark.parametrize("changed", [{"client_id": "NINECHARS"}, {"user": "Ж"}, {"timer": 256}], ids=str)
def test_what_was_refused_once_is_refused_again(changed):
    for _ in range(2):
        with pytest.raises(LocalProtocolError):
            encode_irm(replace(ACK, **changed))


def test_passwords_are_not_among_what_is_kept_from_message_to_message():
    def kept() -> tuple[int, int]:
        return irm_encoding._name.cache_info().misses, irm_encoding._head.cache_info().misses

    encode_irm(replace(ACK, user="KEPT1"))
    before = kept()
    encode_irm(replace(ACK, user="KEPT1", password=Secret("NOTKEPT1")))
    assert kept() == before, "a password was looked for among what is kept"
    encode_irm(replace(ACK, user="KEPT2"))
    assert kept() != before


def test_a_password_shows_in_no_repr_and_no_error():
    irm = replace(ACK, password=Secret("PASSW0RD"))
    assert "PASSW0RD" not in repr(irm) + repr(InputMessage(irm))
    with pytest.raises(LocalProtocolError) as caught:
        encode_irm(replace(ACK, password=Secret("PASSW0RD9")))
    assert "PASSW0RD" not in str(caught.value)
    assert caught.value.__cause__ is None
    read = decode_input(corpus.case("input", "01-send-receive-ebcdic").data)
    assert read.irm.password.reveal() == "PASSW0RD"
    assert "PASSW0RD" not in repr(read)


def test_message_data_shows_in_no_repr():
    irm = replace(
        ACK, verb=Verb.SEND_RECEIVE, arch=5, f0=F0.EXTENS, extensions=(Extension("*NETUID*", b"secret"),)
    )
    assert "secret" not in repr(InputMessage(irm, (b"secret",), b"secret"))


@pytest.mark.parametrize("arch", range(6))
def test_no_field_beyond_irm_len_is_read(arch):
    """Every length from the minimum on is read, and what is cut off reads as blank."""
    exact = (80, 96, 112, 160, 168, 172)[arch]
    for length in range(80, exact + 9):
        body = bytearray(b"\x00" * 4 + encode_irm(replace(ACK, arch=arch))[:80])
        body += b"\xc1" * (length - 80) + bytes.fromhex("00040000")
        body[0:4] = len(body).to_bytes(4)
        body[4:6] = length.to_bytes(2)
        irm = decode_input(bytes(body)).irm
        for offset, size, first_arch, attribute in PLACES[7:]:
            there = arch >= first_arch and offset + size <= length + 4
            assert getattr(irm, attribute) == ("AAAAAAAA" if there else ""), (length, attribute)
        assert bool(irm.correlation_token) == (arch >= 3 and length >= 160)
        assert bool(irm.session_token) == (arch >= 4 and length >= 168)
        assert bool(irm.f6) == (arch == 5 and length >= 171)

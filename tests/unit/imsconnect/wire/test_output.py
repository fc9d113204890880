import pytest

from gateway.imsconnect.wire import (
    Csm,
    CsmFlags,
    Exit,
    HeaderCode,
    LocalProtocolError,
    NetworkSegment,
    OutputMessage,
    Rsm,
    encode_output,
)

CSM, RSM = Csm(), Rsm(8, 72)
TOKEN = bytes(40)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"csm": CSM, "rsm": RSM},
        {"rsm": RSM, "segments": (b"A",)},
        {"rsm": RSM, "mod_name": "DFSMO1"},
        {"rsm": RSM, "client_id": "C"},
        {"rsm": RSM, "correlation_token": TOKEN, "block": b""},
        {"rsm": RSM, "network": (NetworkSegment("*NETUID*", b"U"),)},
        {"csm": CSM, "block": b"A"},
        {"csm": CSM, "control_data": (b"<a>1</a>",)},
        {"csm": CSM, "correlation_token": TOKEN},
        {"csm": CSM, "correlation_token": TOKEN, "block": b"A", "segments": (b"A",)},
        {"csm": CSM, "correlation_token": TOKEN[:39], "block": b"A"},
    ],
    ids="+".join,
)
def test_an_output_message_without_a_form_cannot_be_made(parts):
    with pytest.raises(LocalProtocolError):
        OutputMessage(**parts)


@pytest.mark.parametrize(
    "message",
    [
        OutputMessage((bytes(0x7FFC),), csm=CSM),
        OutputMessage(csm=CSM, mod_name="NINECHARS"),
        OutputMessage(csm=CSM, client_id="€"),
        OutputMessage(csm=Csm(level=256)),
        OutputMessage(rsm=Rsm(-1, 0)),
        OutputMessage(rsm=Rsm(0, 2**32)),
        OutputMessage(csm=CSM, network=(NetworkSegment("*NETUID*", bytes(0x10000)),)),
        OutputMessage(csm=CSM, correlation_token=TOKEN, block=b"", control_data=(b"no tag",)),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused(message):
    with pytest.raises(LocalProtocolError):
        encode_output(message, Exit.HWSSMPL1, HeaderCode.EBCDIC)


def test_the_longest_segment_is_32767_bytes():
    data = encode_output(OutputMessage((bytes(0x7FFB),), csm=CSM), Exit.HWSSMPL0, HeaderCode.EBCDIC)
    assert data[:4] == bytes.fromhex("7FFF0000")


def test_the_protocol_level_counts_only_when_it_is_valid():
    assert Csm(CsmFlags.LEVEL_VALID, 2).protocol_level == 2
    assert Csm(CsmFlags.ACK_NEEDED, 2).protocol_level == 0


def test_message_data_shows_in_no_repr():
    shown = repr(OutputMessage((b"secret",), csm=CSM, network=(NetworkSegment("*NETUID*", b"secret"),)))
    assert "secret" not in shown
    callout = OutputMessage(csm=CSM, correlation_token=TOKEN, block=b"secret", control_data=(b"<a>secret</a>",))
    assert "secret" not in repr(callout)

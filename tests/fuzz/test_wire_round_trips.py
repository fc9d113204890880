"""Whatever can be written is read back as the same. IMSGW_FUZZ_EXAMPLES sets how many examples."""

import os
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange import Secret
from gateway.imsconnect.wire import (
    F0,
    F1,
    F2,
    F3,
    F5,
    F6,
    Csm,
    CsmFlags,
    Exit,
    Extension,
    HeaderCode,
    InputMessage,
    Irm,
    NetworkSegment,
    OutputMessage,
    Rsm,
    RsmFlags,
    SocketType,
    Verb,
    decode_input,
    decode_output,
    encode_input,
    encode_output,
)
from gateway.imsconnect.wire.flags import CARRIES_BLOCK, CARRIES_SEGMENTS
from tests.fuzz import wire_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
fuzz = settings(max_examples=EXAMPLES)

byte = st.integers(0, 255)
fullword = st.integers(0, 2**32 - 1)
# a name is what is left when padding goes, so it ends in no blank
name = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8).map(str.rstrip)
token = st.binary(min_size=38, max_size=38).map(lambda data: b"\x00\x28" + data)
session = st.binary(min_size=8, max_size=8).filter(any)
segments = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=5).map(tuple)
# short of the two ids that have a bound of their own
extension_id = st.sampled_from(["*NETUID*", "*NETSID*", "*TRCKID*", "*CONTXT*", "*X*"])
extensions = st.lists(st.builds(Extension, extension_id, st.binary(max_size=60)), max_size=4).map(tuple)


@st.composite
def irms(draw):
    arch, verb = draw(st.integers(0, 5)), draw(st.sampled_from(Verb))
    if verb in CARRIES_BLOCK:
        arch = max(arch, 3)
    f0 = F0(draw(byte) & ~F0.EXTENS)
    if arch < 3:
        f0 &= ~(F0.SYNONLY | F0.SYNASYN)
    extra = draw(extensions) if arch == 5 else ()
    encoding = draw(st.sampled_from([1, 2]))
    commit = draw(
        st.sampled_from([F2.NONE, F2.CM0] if verb is Verb.RESUME_TPIPE else [F2.NONE, F2.CM0, F2.CM1])
    )
    field = draw(st.booleans()) if arch == 0 else False
    return Irm(
        exit=draw(st.sampled_from(Exit)),
        code=draw(st.sampled_from(HeaderCode)),
        arch=arch,
        f0=f0 | (F0.EXTENS if extra else F0.NONE),
        nak_reason=draw(st.integers(0, 0xFFFF)),
        f5=F5(draw(byte) & ~(F5.OTMA | F5.XID)),
        timer=draw(byte),
        socket=draw(st.sampled_from(SocketType)),
        encoding=encoding,
        client_id=draw(name),
        f1=F1(draw(byte)),
        f2=F2(draw(byte) & 0x9F) | commit,
        f3=F3(draw(byte)),
        verb=verb,
        transaction=draw(name),
        datastore=draw(name),
        lterm=draw(name),
        user=draw(name),
        group=draw(name),
        password=Secret(draw(name)),
        application=draw(name) if arch or field else "",
        application_field=field,
        reroute_name=draw(name) if arch >= 1 else "",
        adapter=draw(name) if arch >= 2 else "",
        converter=draw(name) if arch >= 2 else "",
        mod_name=draw(name) if arch >= 3 else "",
        correlation_token=draw(token) if verb in CARRIES_BLOCK or (arch >= 3 and draw(st.booleans())) else b"",
        session_token=draw(session) if arch >= 4 and draw(st.booleans()) else b"",
        f6=F6(draw(byte)) if arch == 5 else F6.NONE,
        extensions=extra,
    )


@st.composite
def input_messages(draw):
    irm = draw(irms())
    if irm.verb in CARRIES_SEGMENTS:
        return InputMessage(irm, draw(segments))
    if irm.verb in CARRIES_BLOCK:
        if draw(st.booleans()):
            return InputMessage(replace(irm, f0=irm.f0 | F0.NAKRSN))
        return InputMessage(irm, block=draw(st.binary(min_size=1, max_size=200)))
    return InputMessage(irm)


@st.composite
def output_messages(draw, code):
    if draw(st.booleans()):
        rsm = Rsm(draw(fullword), draw(fullword), draw(byte), RsmFlags(draw(byte)), draw(st.booleans()))
        return OutputMessage(rsm=rsm)
    callout = draw(st.booleans())
    network = draw(st.lists(st.sampled_from(["*NETSID*", "*NETUID*"]), unique=True))
    tags = st.text("ABCxyz", min_size=1, max_size=5)
    section = st.builds(
        lambda tag, text: f"<{tag}>{text}</{tag}>".encode(code.value), tags, st.text("12 ", max_size=5)
    )
    return OutputMessage(
        segments=() if callout else draw(st.lists(st.binary(max_size=60), max_size=5).map(tuple)),
        block=draw(st.binary(max_size=200)) if callout else None,
        csm=Csm(CsmFlags(draw(byte)), draw(byte)),
        mod_name=draw(st.none() | name),
        client_id=draw(st.none() | name),
        correlation_token=draw(st.binary(min_size=40, max_size=40)) if callout else None,
        network=tuple(NetworkSegment(i, draw(st.binary(max_size=30))) for i in network),
        control_data=draw(st.lists(section, max_size=3).map(tuple)) if callout else (),
        control_rest=draw(st.just(b"") | st.binary(max_size=9).map(b"\0\0\0\0".__add__)) if callout else b"",
    )


@fuzz
@given(input_messages())
def test_an_input_message_comes_back_as_it_was_written(message):
    data = encode_input(message)
    assert int.from_bytes(data[:4]) == len(data)
    assert data.endswith(b"\x00\x04\x00\x00")
    assert decode_input(data) == message


@fuzz
@given(st.data(), st.sampled_from([Exit.HWSSMPL0, Exit.HWSSMPL1]), st.sampled_from(HeaderCode))
def test_an_output_message_comes_back_as_it_was_written(data, exit_, code):
    message = data.draw(output_messages(code))
    assert decode_output(encode_output(message, exit_, code), exit_, code) == message


@fuzz
@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_any_bytes_hold_the_invariants(data, seed):
    choose = random.Random(seed)
    wire_cases.check_output(data)
    wire_cases.check_client(data, choose)
    wire_cases.check_input(data)
    wire_cases.check_server(data, choose)

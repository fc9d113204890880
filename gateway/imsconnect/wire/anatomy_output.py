"""A message from IMS Connect, field by field.

Source: Format of the request mod message / returned client ID message / correlation token for synchronous
callout messages / returned network security segments / callout control data in the message / complete status
message / request status message.
"""

from collections.abc import Iterator
from typing import Final

from gateway.imsconnect.wire import anatomy_words as words
from gateway.imsconnect.wire.anatomy import Damage, Field, another_message, hide, looks_like_request, whole
from gateway.imsconnect.wire.anatomy_irm import token_fields
from gateway.imsconnect.wire.anatomy_layout import COR_TOKEN
from gateway.imsconnect.wire.anatomy_part import Part, Reply
from gateway.imsconnect.wire.codes import WITH_REASON
from gateway.imsconnect.wire.control_data import CTL_HDRLEN, CTL_HEADER, section_end
from gateway.imsconnect.wire.errors import RemoteProtocolError
from gateway.imsconnect.wire.frame import (
    LLLL,
    OPTIONAL,
    STRUCTURE_HEADER,
    Kind,
    Structure,
    StructureScanner,
)
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.meaning import describe
from gateway.imsconnect.wire.output import Rsm, RsmFlags, read_output

SECURITY_FAILURE: Final = 78
"""Reason code beside which RSM_RACFRC is RACF's return code."""


def output_anatomy(
    data: bytes,
    exit: Exit,  # noqa: A002 - IBM's word
    code: HeaderCode,
    expected: frozenset[Kind] = OPTIONAL,
    *,
    certain: bool = True,
) -> Iterator[Field]:
    """Yield the fields of the one message from IMS Connect that `data` is. Never raises; linear in `data`.

    `expected` names the optional structures that the request asked for; others read as data. Not `certain`
    means that nobody said from whom the message is: the data of one that is damaged is then hidden, since it
    could be a client's. The same holds for a damaged one that looks like a client's.
    """
    reply = Reply(data, exit, code, expected)
    structures, why = _scan(reply)
    doubtful = why is not None and (not certain or another_message(data) or looks_like_request(data))
    for found in whole(data, _fields(reply, structures, why), code):
        secret = doubtful and found.name in {"DATA", "?", "MOD", "CLIENTID"} and not found.hidden
        yield hide(found, code) if secret else found


def _scan(reply: Reply) -> tuple[list[Structure], str | None]:
    """Return the structures that can be read, and why the message is damaged; None: it is not."""
    data, end = reply.data, reply.end
    start = 0 if end is None else LLLL
    if len(data) < start:
        return [], f"{len(data)} bytes are no LLLL"
    limit = len(data) if end is None else min(end, len(data))
    scanner = StructureScanner(reply.code, reply.expected, start=start, end=end)
    buffer = bytearray(data[:limit])
    try:
        complete = scanner.advance(buffer)
        if complete is not None:
            read_output(buffer, scanner.found, reply.code)
    except RemoteProtocolError as error:
        return scanner.found, str(error)
    if complete is None:
        said = f"{len(data)} bytes" if end is None or end <= len(data) else f"{len(data)} bytes of LLLL {end}"
        return scanner.found, f"the message ends after {said} without CSM or RSM"
    if complete < len(data):
        return scanner.found, f"{len(data) - complete} bytes follow the end of the message"
    return scanner.found, None


def _fields(reply: Reply, structures: list[Structure], why: str | None) -> Iterator[Field]:
    if reply.end is not None and len(reply.data) >= LLLL:
        yield Field(0, "LLLL", reply.data[:LLLL], f"{reply.end} bytes")
    number = 0
    for structure in structures:
        number += structure.kind is Kind.SEGMENT
        yield from _structure(reply, structure, number)
    if why is not None:
        raise Damage(why, shown=True)


def _structure(reply: Reply, structure: Structure, number: int) -> Iterator[Field]:
    part = Part(reply, structure)
    match structure.kind:
        case Kind.SEGMENT:
            yield part.take("segment LL", 2, f"{part.length} bytes, segment {number}")
            yield part.reserved("ZZ", 2)
            yield from part.output(first=number == 1)
        case Kind.BLOCK:
            yield part.take("data LLLL", LLLL, f"{part.length} bytes, callout request")
            yield from part.text("DATA")
        case Kind.RMM | Kind.GENCID:
            yield part.take(f"{structure.kind.name} LL", 2, f"{part.length} bytes")
            yield part.reserved("ZZ", 2)
            yield part.name("ID", 8)
            yield part.name("MOD" if structure.kind is Kind.RMM else "CLIENTID", 8)
        case Kind.COR:
            yield part.take("COR_Len", 2, f"{part.length} bytes")
            yield part.reserved("COR_Rsvd", 2)
            yield part.name("COR_Id", 8)
            token = part.take("", 40, "")
            yield from token_fields(token, COR_TOKEN, reply.code)
        case Kind.NETSID | Kind.NETUID:
            yield part.take(f"{structure.kind.name} LL", 2, f"{part.length} bytes")
            yield part.reserved("reserved", 2)
            yield part.name("ID", 8)
            yield part.reserved("reserved", 4)
            yield from part.text("DATA")
        case Kind.CTLDAT:
            yield from _control_data(part)
        case Kind.CSM:
            yield from _csm(part)
        case Kind.RSM | Kind.XADPST:
            yield from _rsm(part)


def _control_data(part: Part) -> Iterator[Field]:
    yield part.take("CTL_LLLL", LLLL, f"{part.length} bytes")
    yield part.name("CTL_ID", 8)
    yield part.reserved("zzzz", CTL_HEADER - STRUCTURE_HEADER)
    number, data = 0, part.whole
    while part.position < part.structure.end:
        number += 1
        start = part.position - part.structure.start
        header = int.from_bytes(data[start : start + CTL_HDRLEN])
        meaning = f"{header} bytes of tag"
        try:
            end = section_end(data, start + CTL_HDRLEN, header, part.reply.code)
        except RemoteProtocolError as error:
            end, meaning = len(data), str(error)
        yield part.take(f"CTL_HDRLEN{number}", min(CTL_HDRLEN, len(data) - start), meaning)
        yield from part.text(f"CTL_DATA{number}", part.structure.start + end)


def _csm(part: Part) -> Iterator[Field]:
    flags, level = part.whole[2], part.whole[3]
    yield part.take("CSM_LEN", 2, f"{part.length} bytes")
    yield part.take("CSM_FLG1", 1, words.status_flags(flags))
    yield part.take("CSM_PRLVLFLG", 1, words.protocol_level(level, flags))
    yield part.name("CSM_ID", 8)


def _rsm(part: Part) -> Iterator[Field]:
    data = part.whole
    rsm = Rsm(
        return_code=int.from_bytes(data[12:16]),
        reason_code=int.from_bytes(data[16:20]),
        racf_or_otma=data[3],
        flags=RsmFlags(data[2]),
        xml_adapter=part.structure.kind is Kind.XADPST,
    )
    found = describe(rsm)
    closes = "the socket is closed" if found.socket_closed else "the socket stays open"
    # the XML adapter says by its return code what happened
    return_text, reason_text = (found.text, "none") if rsm.xml_adapter else (closes, _reason(rsm))
    yield part.take("RSM_LEN", 2, f"{part.length} bytes")
    yield part.take("RSM_FLG1", 1, words.status_flags(data[2]))
    yield part.take("RSM_RACFRC/OTMRSN", 1, _detail(rsm))
    yield part.name("RSM_ID", 8)
    yield part.number("RSM_RETCOD", f"return code {rsm.return_code}, {return_text}")
    yield part.number("RSM_RSNCOD", reason_text)


def _reason(rsm: Rsm) -> str:
    found = describe(rsm)
    if found.timeout:
        return f"X'{rsm.reason_code:02X}': {found.text}"
    if rsm.return_code not in WITH_REASON:
        return found.text
    # without a name of IBM's the name is the two numbers
    named = "" if found.name[:1].isdigit() else f" {found.name}"
    return f"{rsm.reason_code}{named}: {found.text}"


def _detail(rsm: Rsm) -> str:
    if rsm.reason_code == SECURITY_FAILURE and rsm.racf_or_otma:
        return f"RACF return code {rsm.racf_or_otma}"
    return f"OTMA reason code {rsm.racf_or_otma}" if rsm.racf_or_otma else "none"

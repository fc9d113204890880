"""What a program of the small IMS sees and may do: the interface for plug-ins (docs/stand-in-programs.md).

A plug-in is a class that is made without arguments and has ``async def run(self, context) -> Reply``. It is
named in the configuration (``[transactions.MYTRAN] program = "my_module:MyProgram"``); one object of it
serves every run of one IMS. Whatever it raises is an abend: the unit of work is backed out and the client reads
DFS555I. A program that holds conversations says so with ``conversational = True``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol, runtime_checkable

from lxml import etree

from gateway.codepage import CodePage
from gateway.safexml import Bounds, Element, parse, serialize
from gateway.standin.aib import IcalAnswer, IcalCall
from gateway.standin.calls import Calls
from gateway.standin.segments import MAX_SEGMENT_DATA
from gateway.standin.segments import split as split  # noqa: PLC0414  part of the interface for plug-ins
from gateway.standin.units import UnitOfWork

HOST: Final = CodePage.of(37)
"""Code page of texts in the small IMS: transaction codes, DFS messages, fixed layouts."""

UTF_8: Final = 1208

ABEND_NO_IMS: Final = "U0103"

_BLANK: Final = b"\x40"
_DECLARATION: Final = re.compile(r"\A<\?xml\s[^<>]*\?>")
_BOUNDS: Final = Bounds()


class AbendError(Exception):
    """A program ends abnormally, on purpose: ``raise AbendError("U0100")``."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code} {why}".rstrip())
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """What a program inserts to the I/O PCB: one message of so many segments; none: it does not answer."""

    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Segment data without LL and ZZ."""
    mod_name: str = ""
    """MFS MOD name, for clients that ask for it."""
    spa: bytes | None = field(default=None, repr=False)
    """Scratch pad area for the next step of the conversation; None ends it. For conversational programs."""
    purged: tuple[tuple[bytes, ...], ...] = field(default=(), repr=False)
    """Segments inserted behind each PURG call: with commit mode 0 each tuple is a message of its own, unless
    the client has PURG ignored (IRM_F3 X'20'); with commit mode 1 they are further segments."""


@dataclass(frozen=True)
class Context:
    """One input message as the program gets it, and who sent it."""

    transaction: str
    segments: tuple[bytes, ...] = field(repr=False)
    """Data of the segments, without LL and ZZ; the first begins with the transaction code in EBCDIC."""
    data: bytes = field(repr=False)
    """The whole input behind the transaction code and the blanks after it."""
    unit: UnitOfWork = field(repr=False)
    """Where to say how changes are taken back."""
    ccsid: int = UTF_8
    """Encoding of the XML that this program reads and writes (`ccsid` of the transaction)."""
    user: str = ""
    group: str = ""
    acee_user: str = ""
    """The user that Db2 and others see: with OTMASE=FULL the caller, otherwise nobody (the region's own)."""
    lterm: str = ""
    client_id: str = ""
    datastore: str = ""
    netuid: str = ""
    netsid: str = ""
    spa: bytes | None = field(default=None, repr=False)
    """What the program left in the scratch pad area at the step before; None at the first step, and always for
    programs that are not conversational. From the second step on the input has no transaction code."""

    descriptor: str = ""
    """Where CALLOUT and the like call out to when their input names nothing: the transaction's `descriptor`."""
    control: tuple[str, ...] = ()
    """Control data for the ICALs of CALLOUT: the transaction's `control`."""
    calls: Calls | None = field(default=None, repr=False)
    """The IMS behind `ical`, `insert` and `purge`; None in a test that has none."""

    @cached_property
    def xml(self) -> Element | None:
        """The input as XML, None when it does not begin with ``<`` in `ccsid` and so is text.

        Raises UnicodeDecodeError or GatewayError when it begins like XML and is none.
        """
        return read_xml(self.data, self.ccsid)

    @cached_property
    def text(self) -> str:
        """The input as EBCDIC text, without blanks around it."""
        return HOST.decode(self.data).strip()

    async def ical(
        self,
        descriptor: str,
        data: bytes,
        *,
        control: Sequence[str] = (),
        timeout_seconds: float | None = None,
        output_limit: int | None = None,
    ) -> IcalAnswer:
        """Issue a synchronous callout (ICAL) to an OTMA destination descriptor and wait for its end.

        `control`: sections ``<tag>data</tag>`` of control data, else ValueError. `timeout_seconds` (AIBRSFLD)
        shortens the wait of the descriptor; of a longer response than `output_limit` bytes (AIBOAUSE) a part
        comes. Nothing is raised for a callout that fails: look at the codes.
        """
        call = IcalCall(descriptor, data, tuple(control), timeout_seconds, output_limit)
        return await self._imsapi.ical(call)

    def insert(self, destination: str, *segments: bytes, mod_name: str = "") -> None:
        """Insert segments to an alternate PCB (ISRT): the message of this run for a descriptor or a tpipe.

        It goes to the hold queue at commit and is dropped at back-out. Raises ValueError for a destination or
        segments that cannot be.
        """
        self._imsapi.insert(destination, segments, mod_name)

    def purge(self, destination: str) -> None:
        """End the message for a destination (PURG), so that the next `insert` begins another one."""
        self._imsapi.purge(destination)

    @property
    def descriptors(self) -> tuple[str, ...]:
        """The names of the OTMA destination descriptors."""
        return self.calls.descriptors if self.calls else ()

    @property
    def _imsapi(self) -> Calls:
        if self.calls is None:
            raise AbendError(ABEND_NO_IMS, "this context has no IMS behind it")
        return self.calls

    def xml_reply(self, element: Element, *, spa: bytes | None = None) -> Reply:
        """Return a reply of one XML document, in `ccsid`. Raises UnmappableCharacter, a ValueError."""
        code = CodePage.of(self.ccsid)
        return Reply(code.split(code.encode(serialize(element).decode()), MAX_SEGMENT_DATA), spa=spa)

    def text_reply(self, *lines: str, spa: bytes | None = None) -> Reply:
        """Return a reply of EBCDIC text, one segment a line. Raises UnmappableCharacter, a ValueError."""
        return Reply(tuple(HOST.encode(line) for line in lines), spa=spa)


@runtime_checkable
class Transaction(Protocol):
    """A program of the small IMS."""

    async def run(self, context: Context) -> Reply:
        """Answer one input. May wait; must not block, as all programs share one thread."""
        ...


@runtime_checkable
class Converter(Protocol):
    """A converter of the XML adapter: between XML and the bytes one program reads and writes."""

    def to_bytes(self, document: Element, transaction: str) -> tuple[bytes, ...]:
        """Return the segments for a request, transaction code in front; ValueError: not convertible."""
        ...

    def to_xml(self, segments: tuple[bytes, ...]) -> Element:
        """Return the document for what the program answered; ValueError: not convertible."""
        ...


def read_xml(data: bytes, ccsid: int) -> Element | None:
    """Return the document that `data` is, None when it does not begin with ``<`` in the code page `ccsid`.

    Raises ValueError for bytes the code page does not have, GatewayError for what is not well-formed XML.
    """
    code = CodePage.of(ccsid)
    if ccsid == UTF_8:
        return parse(data, _BOUNDS) if data.startswith((b"<", b"\xef\xbb\xbf<")) else None
    if not data.startswith(code.encode("<")):
        return None
    # the declaration speaks of the encoding on the wire, which is gone once there are characters
    return parse(_DECLARATION.sub("", code.decode(data), count=1).encode(), _BOUNDS)


def transaction_code(data: bytes) -> tuple[str, bytes]:
    """Return the transaction code that a message begins with, and what follows it and its blanks.

    The code ends at the first EBCDIC blank and has at most eight characters (OTMA takes it from the data).
    """
    code = data[:8].split(_BLANK, 1)[0]
    return HOST.decode(code), data[len(code) :].lstrip(_BLANK)


def element(parent: Any, namespace: str, name: str, text: str) -> None:
    """Add a child with a text."""
    child: Any = etree.SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text or None


def root(namespace: str, name: str) -> Any:
    """Return a new document element whose namespace is the default one."""
    namespaces: Any = {None: namespace}
    return etree.Element(f"{{{namespace}}}{name}", nsmap=namespaces)

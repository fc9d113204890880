"""The XML adapter of IMS Connect, HWSXMLA0: XML to the bytes a program reads, and back.

Source: Overview of IMS Connect XML Conversion Support; HWSSOAP1 return and reason codes; XML adapter return
and reason codes. Which converter works is the message's word (IRM_TAG_MAP).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.imsconnect.wire import F0, Exit, Irm
from gateway.safexml import serialize
from gateway.standin.callout_adapter import ADAPTER_NAME
from gateway.standin.ivtno import Ivtnod
from gateway.standin.programs import UTF_8, Converter, read_xml, split
from gateway.standin.refusal import (
    INVALID_ADAPTER_CODE,
    INVALID_BUFFER,
    NO_ADAPTER_NAME,
    NO_TRANSACTION_CODE,
    NOT_PROCESSED_BY_ADAPTER,
    RC_EXIT,
    RC_IMS_CONNECT,
    Refusal,
)

CONVERTER_NOT_FOUND: Final = 108
XADPST_REASON: Final = 0
"""unverified: the reason code of *XADPST*; IBM's table of the adapter has return codes only."""

BUILT_IN: Final[Mapping[str, Converter]] = {"IVTNOD": Ivtnod()}


@dataclass(frozen=True, slots=True)
class XmlAdapter:
    """The adapter with its converters, for the exits that may name it."""

    converters: Mapping[str, Converter]
    exits: frozenset[Exit]

    def inbound(self, irm: Irm, segments: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], Converter | None]:
        """Return what the program reads, and the converter for its answer; None: no adapter was asked for."""
        converter = self._converter(irm)
        if converter is None:
            return segments, None
        if not irm.transaction:
            raise _refusal(NO_TRANSACTION_CODE, "the transaction code is neither in the XML nor in IRM_TRNCOD")
        return self._to_bytes(converter, irm.transaction, segments), converter

    def response(self, irm: Irm, data: bytes) -> bytes | None:
        """Return what the program behind an ICAL reads of a callout response; None: no adapter was asked for.

        The converter gets an empty transaction code. unverified: that the codes are those of other inputs.
        """
        converter = self._converter(irm)
        return None if converter is None else b"".join(self._to_bytes(converter, "", (data,)))

    def _converter(self, irm: Irm) -> Converter | None:
        """Return the converter that a message names. Raises Refusal for one that cannot be."""
        flags = irm.f0 & (F0.XMLD | F0.XMLTD)
        if not irm.adapter:
            if flags:
                raise _refusal(NO_ADAPTER_NAME, "IRM_F0 says XML for the adapter, and no adapter is named")
            return None
        if flags == F0.XMLD | F0.XMLTD:
            raise Refusal(RC_EXIT, INVALID_BUFFER, "IRM_F0 says XML with and without a transaction code")
        if not flags or irm.exit not in self.exits or irm.adapter != ADAPTER_NAME:
            # unverified: the reason code; 14 says that the adapters did not process the message
            raise _refusal(NOT_PROCESSED_BY_ADAPTER, _why_not(irm, self.exits))
        converter = self.converters.get(irm.converter)
        if converter is None:
            raise Refusal(
                CONVERTER_NOT_FOUND,
                XADPST_REASON,
                f"no converter {irm.converter or '(blank)'}",
                xml_adapter=True,
            )
        return converter

    @staticmethod
    def outbound(converter: Converter, segments: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return the XML for what the program answered."""
        try:
            return split(serialize(converter.to_xml(segments)))
        except ValueError as error:
            raise _refusal(INVALID_ADAPTER_CODE, f"the converter refuses the answer: {error}") from None

    @staticmethod
    def _to_bytes(converter: Converter, transaction: str, segments: tuple[bytes, ...]) -> tuple[bytes, ...]:
        # unverified: the reason code for XML that cannot be converted; 14 says that it was not processed
        try:
            document = read_xml(b"".join(segments), UTF_8)
        except (ValueError, GatewayError) as error:
            raise _refusal(NOT_PROCESSED_BY_ADAPTER, f"the data is not XML: {error}") from None
        if document is None:
            raise _refusal(NOT_PROCESSED_BY_ADAPTER, "the data does not begin with <")
        try:
            return converter.to_bytes(document, transaction)
        except ValueError as error:
            raise _refusal(NOT_PROCESSED_BY_ADAPTER, f"the XML cannot be converted: {error}") from None


def _refusal(reason: int, why: str) -> Refusal:
    return Refusal(RC_IMS_CONNECT, reason, why)


def _why_not(irm: Irm, exits: frozenset[Exit]) -> str:
    if irm.adapter != ADAPTER_NAME:
        return f"there is no adapter {irm.adapter}"
    if irm.exit not in exits:
        return f"{irm.exit.name} does not work with the XML adapter"
    return "IRM_F0 says neither XML data (X'02') nor XML with transaction code (X'01')"

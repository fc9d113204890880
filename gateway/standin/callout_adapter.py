"""The XML adapter on the way out: makes XML of what programs call out with, where their descriptor says so.

Source: SOAP Gateway and asynchronous callout requests (ADAPTER=, CONVRTR=); Dynamic synchronous callout request
processing (DFSCNVTR). unverified: that a request which does not convert ends its ICAL as a NAK would, and that
asynchronous output which does not goes to the reroute tpipe. The stand-in converts when the program calls, IMS
Connect when somebody reads the tpipe.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.imsconnect.wire.aib import NAKED
from gateway.safexml import serialize
from gateway.standin.descriptors import Descriptor

if TYPE_CHECKING:
    from gateway.standin.programs import Converter

ADAPTER_NAME: Final = "HWSXMLA0"
CONVERSION_FAILED: Final = NAKED
"""AIBRETRN and AIBREASN for a request that its converter does not take."""

_CONVERTER: Final = re.compile(r"<DFSCNVTR>(.*)</DFSCNVTR>", re.DOTALL)


class ConversionError(Exception):
    """What a program calls out with does not become XML; the text says why."""


@dataclass(frozen=True, slots=True)
class CalloutAdapter:
    """The adapter with its converters."""

    converters: Mapping[str, "Converter"] = field(default_factory=dict)

    def convert(self, to: Descriptor, segments: tuple[bytes, ...], control: Sequence[str] = ()) -> bytes | None:
        """Return the XML of what goes to a descriptor, None where it names no adapter.

        A converter named in the control data replaces the descriptor's. Raises ConversionError.
        """
        if not to.adapter:
            return None
        chosen = (found[1].strip() for one in control if (found := _CONVERTER.fullmatch(one)))
        name = next(chosen, to.converter)
        converter = self.converters.get(name) if to.adapter == ADAPTER_NAME else None
        if converter is None:
            raise ConversionError(f"there is no converter {name or '(blank)'} of adapter {to.adapter}")
        try:
            return serialize(converter.to_xml(segments))
        except ValueError as error:
            raise ConversionError(f"converter {name} does not take it: {error}") from None


NO_ADAPTER: Final = CalloutAdapter()

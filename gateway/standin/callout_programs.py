"""The built-in transactions that call out: CALLOUT by ICAL, CALLASYN by ISRT to an alternate PCB.

Both take `[DESCRIPTOR] data`. Without a descriptor in front the data goes where `descriptor` of the transaction
says, or to the only descriptor there is. `control` of the transaction says what goes beside an ICAL.

What they say themselves is text: in the transaction's `ccsid` for data that is XML, so that who called with XML
can read it, and in EBCDIC for all else.
"""

from typing import Final

from gateway.codepage import CodePage
from gateway.standin.programs import HOST, UTF_8, AbendError, Context, Reply, split, transaction_code

ABEND_NO_DESTINATION: Final = "U0104"
_MARKED: Final = b"\xef\xbb\xbf<"
"""The beginning of XML with a byte order mark."""


class Callout:
    """Sends its input to whoever reads the tpipe, and answers with what came back, or with the AIB's codes."""

    async def run(self, context: Context) -> Reply:
        """Call out and answer."""
        descriptor, data = _destination(context)
        answer = await context.ical(descriptor, data, control=context.control)
        if not answer.good:
            return _said(context, data, f"CALLOUT {descriptor} {answer.words}")
        return Reply(split(answer.data))


class CallAsync:
    """Puts its input on the hold queue of a tpipe and says so."""

    async def run(self, context: Context) -> Reply:
        """Insert and answer."""
        descriptor, data = _destination(context)
        context.insert(descriptor, *split(data))
        return _said(context, data, f"CALLASYN {descriptor} QUEUED")


def _destination(context: Context) -> tuple[str, bytes]:
    """Return the descriptor and the data for it. Abend U0104 when nothing names one."""
    names = context.descriptors
    word, rest = transaction_code(context.data)
    if word in names:
        return word, rest
    if context.descriptor:
        return context.descriptor, context.data
    if len(names) == 1:
        return names[0], context.data
    raise AbendError(ABEND_NO_DESTINATION, "neither the input nor the configuration names a descriptor")


def _said(context: Context, data: bytes, text: str) -> Reply:
    """Return a reply of text in the encoding of the data: it need not be well-formed to have one."""
    code = CodePage.of(context.ccsid)
    xml = data.startswith(code.encode("<")) or (context.ccsid == UTF_8 and data.startswith(_MARKED))
    return Reply(((code if xml else HOST).encode(text),))

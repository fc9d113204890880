"""The built-in transactions that call out: CALLOUT by ICAL, CALLASYN by ISRT to an alternate PCB.

Both take `[DESCRIPTOR] data`. Without a descriptor in front the data goes where `descriptor` of the transaction
says, or to the only descriptor there is. `control` of the transaction says what goes beside an ICAL.
"""

from typing import Final

from gateway.standin.programs import AbendError, Context, Reply, split, transaction_code

ABEND_NO_DESTINATION: Final = "U0104"


class Callout:
    """Sends its input to whoever reads the tpipe, and answers with what came back, or with the AIB's codes."""

    async def run(self, context: Context) -> Reply:
        """Call out and answer."""
        descriptor, data = _destination(context)
        answer = await context.ical(descriptor, data, control=context.control)
        if not answer.good:
            return context.text_reply(f"CALLOUT {descriptor} {answer.words}")
        return Reply(split(answer.data))


class CallAsync:
    """Puts its input on the hold queue of a tpipe and says so."""

    async def run(self, context: Context) -> Reply:
        """Insert and answer."""
        descriptor, data = _destination(context)
        context.insert(descriptor, *split(data))
        return context.text_reply(f"CALLASYN {descriptor} QUEUED")


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

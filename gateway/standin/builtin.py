"""The built-in transactions beside the phone book and the callouts, on the interface for plug-ins alone."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.standin.callout_programs import CallAsync, Callout
from gateway.standin.ivtno import Ivtno
from gateway.standin.phonebook import PhoneBook
from gateway.standin.programs import AbendError, Context, Reply, Transaction, element, root

WHOAMI_NAMESPACE: Final = "urn:ims-gateway:standin"

ABEND_ON_PURPOSE: Final = "U0101"
ABEND_NO_NUMBER: Final = "U0102"
MAX_SLEEP_MS: Final = 3_600_000
_INTEGER: Final = re.compile(r"[0-9]+")


class Echo:
    """Gives its input back, segment by segment, without the transaction code and the blanks behind it."""

    async def run(self, context: Context) -> Reply:
        """Answer with the input."""
        _, *others = context.segments
        first = context.data[: len(context.data) - sum(map(len, others))]
        return Reply((first, *others) if first or not others else tuple(others))


class WhoAmI:
    """Says who IMS thinks is calling, in XML when the input is XML."""

    async def run(self, context: Context) -> Reply:
        """Answer with the names that came with the input."""
        names = {
            "user": context.user,
            "group": context.group,
            "lterm": context.lterm,
            "clientid": context.client_id,
            "transaction": context.transaction,
            "datastore": context.datastore,
            "netuid": context.netuid,
            "netsid": context.netsid,
        }
        if context.xml is None:
            return context.text_reply(" ".join(f"{name.upper()}={value}" for name, value in names.items()))
        document: Any = root(WHOAMI_NAMESPACE, "whoami")
        for name, value in names.items():
            element(document, WHOAMI_NAMESPACE, name, value)
        return context.xml_reply(document)


class Sleep(Echo):
    """Waits as many milliseconds as the first integer in the text content of its input says, then echoes."""

    async def run(self, context: Context) -> Reply:
        """Wait and echo. Without a number, or with one beyond an hour, abend U0102."""
        document = context.xml
        text = context.text if document is None else " ".join(str(piece) for piece in document.itertext("*"))
        number = _INTEGER.search(text)
        if number is None or len(number[0]) > len(str(MAX_SLEEP_MS)) or int(number[0]) > MAX_SLEEP_MS:
            raise AbendError(ABEND_NO_NUMBER, "SLEEP needs milliseconds, 0 to 3600000, in its input")
        await asyncio.sleep(int(number[0]) / 1000)
        return await super().run(context)


class Abend:
    """Ends abnormally."""

    async def run(self, context: Context) -> Reply:
        """Raise AbendError."""
        raise AbendError(ABEND_ON_PURPOSE, f"{context.transaction} does nothing else")


class Converse:
    """A conversation: counts and remembers what was said to it; END ends it."""

    conversational = True

    async def run(self, context: Context) -> Reply:
        """Answer with all that was said so far, the number in front."""
        said: list[str] = json.loads(context.spa) if context.spa else []
        if context.text == "END":
            return context.text_reply(f"SAID {len(said)} IN ALL", *said)
        said += [context.text] if context.text else []
        return context.text_reply(f"SAID {len(said)}", *said, spa=json.dumps(said).encode())


class NoReply:
    """Takes its input and answers nothing: a non-response transaction, for send-only."""

    async def run(self, _context: Context) -> Reply:
        """Answer nothing."""
        return Reply()


def built_in(book: PhoneBook) -> Mapping[str, Transaction]:
    """Return the built-in transactions by code."""
    return {
        "IVTNO": Ivtno(book),
        "ECHO": Echo(),
        "WHOAMI": WhoAmI(),
        "SLEEP": Sleep(),
        "ABEND": Abend(),
        "CONVERSE": Converse(),
        "NOREPLY": NoReply(),
        "CALLOUT": Callout(),
        "CALLASYN": CallAsync(),
    }

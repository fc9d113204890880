"""A program that notes as whom it was run, and exits that a site might have."""

from gateway.standin import Context, Reply
from gateway.standin.sign_on import ExitUser

RUNS: list[tuple[str, str, str]] = []
"""User, group, and the user of the dependent region's ACEE, run by run."""
ASKED: list[tuple[object, ...]] = []
"""What an exit was given, call by call."""


class Probe:
    """Notes who runs it."""

    async def run(self, context: Context) -> Reply:
        RUNS.append((context.user, context.group, context.acee_user))
        return context.text_reply("RAN")


def refuse(*_: object) -> None:
    """An IMSLSECX that lets nobody in."""


def as_alice(*arguments: object) -> ExitUser:
    """An IMSLSECX that takes everybody for ALICE, trusted."""
    ASKED.append(arguments)
    return ExitUser("ALICE", "SALES", trusted=True)


def as_it_came(user: str, group: str, *_: object) -> ExitUser:
    """An IMSLSECX that changes nothing."""
    return ExitUser(user, group)


def broken(*_: object) -> None:
    raise RuntimeError("GWPASS1 was shown to me")


def fails_alice(user: str, _group: str, _application: str, code: int) -> int:
    """An ICHRIX02 that fails one user."""
    return 0x18 if user == "ALICE" else code


def unknown_code(*_: object) -> int:
    return 0x99


def allow(*arguments: object) -> str:
    ASKED.append(arguments)
    return "allow"


def deny(*arguments: object) -> str:
    ASKED.append(arguments)
    return "deny"


def keep(*arguments: object) -> str:
    ASKED.append(arguments)
    return "keep"


def mumble(*_: object) -> str:
    return "perhaps"

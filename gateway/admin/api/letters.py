"""Dead letters, and what else the journal of asynchronous callouts holds. Never a message itself."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from gateway.admin.api.endpoint import Asked, Call, Endpoint, Query, Shown
from gateway.admin.api.problem import conflict, not_found, unavailable
from gateway.admin.desk import Desk
from gateway.admin.roles import Role
from gateway.callout.journal.entries import JournalError, Letter, Stage, State

if TYPE_CHECKING:
    from gateway.callout.journal.keeper import SqlJournal

_PAGE: Final = 500

LetterId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{1,32}$")]


class LetterShown(Shown):
    """One asynchronous callout in the journal."""

    id: str
    message_id: str = Field(description="WS-Addressing MessageID of each delivery.")
    bundle: str
    tpipe: str
    service: str = Field(description="Empty where the message could not be read.")
    operation: str
    stage: Stage = Field(
        description='"call": the service is to be called; "answer": its answer is to go to IMS.'
    )
    state: State
    attempts: int = Field(description="Deliveries of this stage that were begun.")
    received: datetime
    changed: datetime
    status: int = Field(description="Status code of the last failure; 0: none.")
    reason: str
    size: int = Field(description="Bytes of the message.")

    @classmethod
    def of(cls, letter: Letter) -> "LetterShown":
        """Put it into the API's words."""
        from gateway.callout.told import message_id  # noqa: PLC0415

        return cls(
            id=letter.id,
            message_id=message_id(letter.id),
            bundle=letter.source.bundle,
            tpipe=letter.source.tpipe,
            service=letter.service,
            operation=letter.operation,
            stage=letter.stage,
            state=letter.state,
            attempts=letter.attempts,
            received=letter.received,
            changed=letter.changed,
            status=letter.status,
            reason=letter.reason,
            size=letter.size,
        )


class Letters(Shown):
    """A page of the journal, oldest first."""

    letters: tuple[LetterShown, ...]
    more: bool = Field(description="Whether there are more behind the last one: `after` takes its id.")


class LettersAsked(Query):
    """Which entries are shown."""

    state: State = State.DEAD
    limit: int = Field(default=100, ge=1, le=_PAGE)
    after: str = Field(default="", pattern="^[0-9a-f]{0,32}$", description="Those behind the one with this id.")


class LettersMeant(Asked):
    """Which dead letters are meant: those named, or all, or all of a service."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["ids"],
                    "properties": {"ids": {"minItems": 1}, "all": {"const": False}, "service": {"const": ""}},
                },
                {"required": ["all"], "properties": {"all": {"const": True}, "ids": {"maxItems": 0}}},
            ]
        }
    )

    ids: tuple[LetterId, ...] = Field(
        default=(), max_length=1000, description="Ids, or beginnings that no other has."
    )
    all: bool = False
    service: str = Field(default="", max_length=64, description="With all: those of this service.")

    @model_validator(mode="after")
    def _fits(self) -> "LettersMeant":
        if self.all == bool(self.ids):
            raise ValueError("name ids, or say all")
        if self.service and not self.all:
            raise ValueError("service goes with all")
        return self


class LettersDone(Shown):
    """What was done."""

    done: int
    ids: tuple[str, ...] = Field(description="Those that were meant; another may have been faster with some.")


def letters(call: Call) -> Letters:
    """Show a page of the journal."""
    asked = call.queried(LettersAsked)
    with _journal(call.desk) as journal:
        found: Sequence[Letter] = (
            () if journal is None else journal.letters(asked.state, asked.limit + 1, asked.after)
        )
    shown = tuple(LetterShown.of(letter) for letter in found[: asked.limit])
    return Letters(letters=shown, more=len(found) > asked.limit)


def letter(call: Call) -> LetterShown:
    """Show one entry."""
    with _journal(call.desk) as journal:
        opened = None if journal is None else journal.letter(call.path["letter"])
    if opened is None:
        raise not_found("no entry of the journal begins so, or more than one does")
    return LetterShown.of(opened.letter)


def replay(call: Call) -> LettersDone:
    """Have dead letters delivered again."""
    with _journal(call.desk) as journal:
        ids = _meant(journal, call.asked(LettersMeant))
        done = journal.replay(ids) if journal is not None and ids else 0
    return LettersDone(done=done, ids=tuple(ids))


def discard(call: Call) -> LettersDone:
    """Remove dead letters for good."""
    with _journal(call.desk) as journal:
        ids = _meant(journal, call.asked(LettersMeant))
        done = journal.discard(ids) if journal is not None and ids else 0
    return LettersDone(done=done, ids=tuple(ids))


@contextmanager
def _journal(desk: Desk) -> Iterator["SqlJournal | None"]:
    """Open the journal; None: there is none, and none is made. Raises ApiError."""
    from gateway.callout.journal import NoJournalError, open_journal  # noqa: PLC0415  SQLAlchemy takes memory

    home = desk.configuration
    try:
        with closing(open_journal(home.gateway.journal, home.state, desk.clock, create=False)) as journal:
            try:
                journal.counts()
            except NoJournalError:
                yield None
            else:
                yield journal
    except JournalError as error:
        raise unavailable(f"the journal cannot be used: {error}") from None


def _meant(journal: "SqlJournal | None", meant: LettersMeant) -> list[str]:
    """Return the ids of the dead letters that are meant, each once. Raises ApiError: some are none."""
    if meant.all:
        return [] if journal is None else list(_all(journal, meant.service))
    found: dict[str, None] = {}
    wrong: list[str] = []
    for id_ in meant.ids:
        opened = None if journal is None else journal.letter(id_)
        if opened is None:
            wrong.append(f"{id_}: no entry begins so, or more than one does")
        elif opened.letter.state is not State.DEAD:
            wrong.append(f"{id_}: is no dead letter, but {opened.letter.state.value}")
        else:
            found[opened.letter.id] = None
    if wrong:
        raise conflict("; ".join([*wrong, "nothing was changed"]))
    return list(found)


def _all(journal: "SqlJournal", service: str) -> Iterator[str]:
    last = ""
    while page := journal.letters(limit=_PAGE, after=last):
        yield from (letter.id for letter in page if service in {"", letter.service})
        last = page[-1].id


_UNDONE: Final = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/dead-letters",
        Role.VIEWER,
        "Dead letters, or what waits for delivery, oldest first",
        letters,
        Letters,
        query=LettersAsked,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
    Endpoint(
        "GET",
        "/api/dead-letters/<hex:letter>",
        Role.VIEWER,
        "One entry of the journal, by its id or the beginning of it",
        letter,
        LetterShown,
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
    ),
    Endpoint(
        "POST",
        "/api/dead-letters/replay",
        Role.OPERATOR,
        "Have dead letters delivered again, under the message id that they had",
        replay,
        LettersDone,
        input=LettersMeant,
        problems=_UNDONE,
    ),
    Endpoint(
        "POST",
        "/api/dead-letters/discard",
        Role.OPERATOR,
        "Remove dead letters for good",
        discard,
        LettersDone,
        input=LettersMeant,
        problems=_UNDONE,
    ),
)

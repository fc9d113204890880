"""The phone book of IMS's installation verification: the database and what can be done with it."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from typing import Final

from gateway.standin.locks import RecordLocks
from gateway.standin.units import UnitOfWork

WIDTHS: Final = {"command": 8, "lastName": 10, "firstName": 10, "extension": 10, "zipCode": 7}
"""The fields of a request in the order of the layout, under their XML names; widths in bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the book; a request has the same fields, all of them perhaps empty."""

    last_name: str
    first_name: str = ""
    extension: str = ""
    zip_code: str = ""


INITIAL: Final = (
    Entry("LAST1", "FIRST1", "8-111-1111", "D01/R01"),
    Entry("LAST2", "FIRST2", "8-111-2222", "D02/R02"),
    Entry("LAST3", "FIRST3", "8-111-3333", "D03/R03"),
)
"""What the database holds at the start."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of the book."""

    command: str
    entry: Entry

    @property
    def fields(self) -> dict[str, str]:
        """The fields under their XML names, in the order of the layout."""
        return dict(zip(WIDTHS, (self.command, *astuple(self.entry)), strict=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the book says."""

    message: str
    command: str
    entry: Entry

    @property
    def fields(self) -> dict[str, str]:
        """The fields behind the message, under their XML names, in the order of the layout."""
        return Request(self.command, self.entry).fields


class PhoneBook:
    """The database. A record that a unit of work has changed is locked until its sync point, as in IMS."""

    def __init__(self) -> None:
        self._entries = {entry.last_name: entry for entry in INITIAL}
        self._locks = RecordLocks()

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries by last name."""
        return dict(self._entries)

    async def perform(self, request: Request, unit: UnitOfWork) -> Answer:
        """Do what is asked and say what became of it, in the words of the sample program."""
        name = request.entry.last_name
        actions: dict[str, Callable[[Request, UnitOfWork], Answer]] = {
            "DISPLAY": self._display,
            "ADD": self._add,
            "UPDATE": self._update,
            "DELETE": self._delete,
        }
        if request.command not in actions:
            return _said("PROCESS CODE IS NOT VALID", request)
        if not name:
            return _said("LAST NAME WAS NOT SPECIFIED", request)
        if problem := _too_long(request):
            return _said(problem, request)
        await self._locks.acquire(name, unit)
        return actions[request.command](request, unit)

    def _display(self, request: Request, _unit: UnitOfWork) -> Answer:
        entry = self._entries.get(request.entry.last_name)
        if entry is None:
            return _said("SPECIFIED PERSON WAS NOT FOUND", request)
        return Answer("ENTRY WAS DISPLAYED", request.command, entry)

    def _add(self, request: Request, unit: UnitOfWork) -> Answer:
        entry = request.entry
        if not all((entry.first_name, entry.extension, entry.zip_code)):
            return _said("DATA IS NOT ENOUGH.", request)
        if entry.last_name in self._entries:
            return _said("ADDITION OF ENTRY HAS FAILED", request)
        self._change(entry.last_name, entry, unit)
        return Answer("ENTRY WAS ADDED", request.command, entry)

    def _update(self, request: Request, unit: UnitOfWork) -> Answer:
        new = request.entry
        old = self._entries.get(new.last_name)
        if old is None:
            return _said("SPECIFIED PERSON WAS NOT FOUND", request)
        entry = replace(
            old,
            first_name=new.first_name or old.first_name,
            extension=new.extension or old.extension,
            zip_code=new.zip_code or old.zip_code,
        )
        self._change(entry.last_name, entry, unit)
        return Answer("ENTRY WAS UPDATED", request.command, entry)

    def _delete(self, request: Request, unit: UnitOfWork) -> Answer:
        entry = self._entries.get(request.entry.last_name)
        if entry is None:
            return _said("SPECIFIED PERSON WAS NOT FOUND", request)
        self._change(entry.last_name, None, unit)
        return Answer("ENTRY WAS DELETED", request.command, entry)

    def _change(self, name: str, entry: Entry | None, unit: UnitOfWork) -> None:
        before = self._entries.get(name)
        unit.on_back_out(lambda: self._put(name, before))
        self._put(name, entry)

    def _put(self, name: str, entry: Entry | None) -> None:
        if entry is None:
            self._entries.pop(name, None)
        else:
            self._entries[name] = entry


def _said(message: str, request: Request) -> Answer:
    return Answer(message, request.command, request.entry)


def _too_long(request: Request) -> str:
    for name, value in request.fields.items():
        if len(value) > WIDTHS[name]:
            return f"{name} IS LONGER THAN {WIDTHS[name]}"
    return ""

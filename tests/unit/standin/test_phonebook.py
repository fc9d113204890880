import asyncio

from gateway.standin.phonebook import Entry, PhoneBook, Request
from gateway.standin.units import UnitOfWork

SMITH = Entry("SMITH", "JOHN", "8-111-9999", "D09/R09")


def perform(book: PhoneBook, *requests: tuple[str, Entry], keep: bool) -> list[str]:
    async def scenario() -> list[str]:
        messages = []
        for command, entry in requests:
            unit = UnitOfWork()
            messages.append((await book.perform(Request(command, entry), unit)).message)
            if keep:
                unit.commit()
            else:
                unit.back_out()
        return messages

    return asyncio.run(scenario())


class TestPhoneBook:
    def test_at_the_start_it_holds_the_entries_of_the_verification(self):
        assert list(PhoneBook().entries.values()) == [
            Entry("LAST1", "FIRST1", "8-111-1111", "D01/R01"),
            Entry("LAST2", "FIRST2", "8-111-2222", "D02/R02"),
            Entry("LAST3", "FIRST3", "8-111-3333", "D03/R03"),
        ]

    def test_back_out_takes_every_kind_of_change_back(self):
        book = PhoneBook()
        before = book.entries
        changes = (("ADD", SMITH), ("UPDATE", Entry("LAST1", "NEW")), ("DELETE", Entry("LAST2")))
        assert perform(book, *changes, keep=False) == [
            "ENTRY WAS ADDED",
            "ENTRY WAS UPDATED",
            "ENTRY WAS DELETED",
        ]
        assert book.entries == before

    def test_commit_keeps_them(self):
        book = PhoneBook()
        perform(book, ("ADD", SMITH), ("DELETE", Entry("LAST2")), keep=True)
        assert set(book.entries) == {"LAST1", "LAST3", "SMITH"}

    def test_each_book_is_its_own(self):
        perform(PhoneBook(), ("DELETE", Entry("LAST1")), keep=True)
        assert "LAST1" in PhoneBook().entries

"""Dead letters over the API, on a journal that nobody else has open."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import NewEntry
from gateway.callout.journal.sqlite import FILE_NAME
from gateway.callout.values import Source
from gateway.config.model import JournalSettings

HERE = Source("ims1", "PIPE1")
RECEIVED = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
SECRET = b"<card>4711</card>"


@pytest.fixture
def journal(admin, clock):
    with closing(open_journal(JournalSettings(), admin.home / "var", clock)) as opened:
        yield opened


def bury(journal, service="events"):
    return journal.bury(NewEntry(HERE, SECRET, RECEIVED, service=service), 1003, "nobody answers")


def act(admin, what, **body):
    return admin.ask("POST", f"/api/dead-letters/{what}", "operator", json=body)


def test_a_home_without_a_journal_has_no_letters_and_gets_none_made(admin):
    assert admin.ask("GET", "/api/dead-letters", "viewer").json == {"letters": [], "more": False}
    assert admin.ask("GET", "/api/dead-letters/ab", "viewer").status_code == 404
    assert act(admin, "replay", all=True).json == {"done": 0, "ids": []}
    assert not list((admin.home / "var").glob("*journal*"))


def test_letters_are_shown_without_their_messages(admin, journal):
    id_ = bury(journal)
    for path in ("/api/dead-letters", f"/api/dead-letters/{id_[:8]}"):
        answer = admin.ask("GET", path, "viewer")
        shown = answer.json.get("letters", [answer.json])[0]
        assert (shown["id"], shown["tpipe"], shown["status"], shown["size"]) == (
            id_,
            "PIPE1",
            1003,
            len(SECRET),
        )
        assert "4711" not in answer.text


def test_letters_come_in_pages(admin, journal):
    ids = [bury(journal) for _ in range(3)]
    first = admin.ask("GET", "/api/dead-letters?limit=2", "viewer").json
    assert ([one["id"] for one in first["letters"]], first["more"]) == (ids[:2], True)
    second = admin.ask("GET", f"/api/dead-letters?limit=2&after={ids[1]}", "viewer").json
    assert ([one["id"] for one in second["letters"]], second["more"]) == (ids[2:], False)


def test_a_letter_is_replayed(admin, journal):
    id_ = bury(journal)
    assert act(admin, "replay", ids=[id_[:10]]).json == {"done": 1, "ids": [id_]}
    assert admin.ask("GET", "/api/dead-letters", "viewer").json["letters"] == []
    waiting = admin.ask("GET", "/api/dead-letters?state=waiting", "viewer").json["letters"]
    assert [one["id"] for one in waiting] == [id_]


def test_all_letters_of_a_service_are_discarded(admin, journal):
    ids = [bury(journal), bury(journal, "rating"), bury(journal)]
    assert act(admin, "discard", all=True, service="events").json["done"] == 2
    left = admin.ask("GET", "/api/dead-letters", "viewer").json["letters"]
    assert [one["id"] for one in left] == [ids[1]]


def test_where_one_is_none_nothing_is_changed(admin, journal):
    dead, again = bury(journal), bury(journal)
    journal.replay([again])
    for other in ("0" * 32, again):
        answer = act(admin, "discard", ids=[dead, other])
        assert answer.status_code in {404, 409}
    assert len(admin.ask("GET", "/api/dead-letters", "viewer").json["letters"]) == 1


@pytest.mark.parametrize(
    "body", [{}, {"all": False}, {"ids": []}, {"ids": ["ab"], "all": True}, {"ids": ["../x"]}, {"service": "a"}]
)
def test_it_must_be_said_which_are_meant(admin, journal, body):
    bury(journal)
    assert act(admin, "discard", **body).status_code == 422
    assert len(admin.ask("GET", "/api/dead-letters", "viewer").json["letters"]) == 1


def test_a_journal_that_cannot_be_used_is_told(admin):
    (admin.home / "var").mkdir(exist_ok=True)
    (admin.home / "var" / FILE_NAME).mkdir()
    answer = admin.ask("GET", "/api/dead-letters", "viewer")
    assert answer.status_code == 503

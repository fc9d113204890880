"""What of a changed home counts at once, and what from the next start."""

from dataclasses import replace

import pytest

from gateway.config.effect import in_effect
from gateway.config.read import read_home


@pytest.fixture
def home(tmp_path):
    """Read a home of a `gateway.toml`."""

    def read(text, **environ):
        (tmp_path / "gateway.toml").write_text(text)
        return read_home(tmp_path, environ=environ)

    return read


PLAIN = '[server]\nhttps = ""\nhttp = "127.0.0.1:1"\n'


def test_the_same_home_is_the_same(home):
    assert in_effect(home(PLAIN), home(PLAIN)) == (home(PLAIN), ())


def test_what_can_change_counts_at_once(home):
    wanted = home(PLAIN + "[callout]\ndrain_seconds = 7\n[parser]\nmax_depth = 9\n")
    after, keys = in_effect(home(PLAIN), wanted)
    assert (after, keys) == (wanted, ())


def test_what_cannot_keeps_its_value_and_is_named(home):
    before = home(PLAIN)
    wanted = home(
        PLAIN
        + 'workers = 7\n[callout]\nlisten = "127.0.0.1:2"\ndrain_seconds = 7\n[journal]\nmax_entries = 77\n'
    )
    after, keys = in_effect(before, wanted)
    assert set(keys) == {"server.workers", "callout.listen", "journal"}
    assert after.gateway.server == before.gateway.server
    assert after.gateway.journal == before.gateway.journal
    assert after.gateway.callout.listen == before.gateway.callout.listen
    assert after.gateway.callout.drain_seconds == 7


def test_it_is_named_as_long_as_it_differs(home):
    before, wanted = home(PLAIN), home(PLAIN + "workers = 7\n")
    once, keys = in_effect(before, wanted)
    assert in_effect(once, wanted) == (once, keys)
    assert in_effect(once, before) == (before, ())


def test_the_state_folder_stays_where_it_was(home, tmp_path):
    before, wanted = home(PLAIN), home(PLAIN, IMSGW_STATE=str(tmp_path / "elsewhere"))
    after, keys = in_effect(before, wanted)
    assert (after.state, keys) == (before.state, ("server.state",))
    both, keys = in_effect(before, replace(home(PLAIN + 'state = "kept"\n')))
    assert (both.state, keys) == (before.state, ("server.state",))

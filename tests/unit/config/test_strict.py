from typing import Literal

import pytest
from pydantic import Field

from gateway.config.read import settle
from gateway.config.secrets import HomeFiles
from gateway.config.strict import validate
from gateway.config.values import SecretValue, Settings
from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret


class Inner(Settings):
    """A table."""

    kind: Literal["soft", "hard"] = Field(default="soft", description="Kind.")
    password: SecretValue = Field(default=Secret(""), description="Secret.")


class Outer(Settings):
    """A file."""

    number: int = Field(ge=1, description="Number.")
    inner: Inner = Field(default_factory=Inner, description="Table.")


@pytest.fixture
def resolver(tmp_path):
    return HomeFiles(tmp_path, {"NAME": "M4RK3R"})


def test_a_table_that_follows_its_model_becomes_settings(resolver):
    table = {"number": 3, "inner": {"kind": "hard", "password": {"env": "NAME"}}}
    settings = settle(Outer, table, "x.toml", resolver)
    assert settings.number == 3
    assert settings.inner.kind == "hard"
    assert settings.inner.password.reveal() == "M4RK3R"


def test_warnings_alone_do_not_stop_a_table(resolver):
    assert settle(Outer, {"number": 1, "inner": {"password": "M4RK3R"}}, "x.toml", resolver).number == 1


def test_every_problem_of_a_table_is_told_at_once_sorted_and_without_secrets(resolver):
    table = {"numbr": 3, "number": "M4RK3R", "inner": {"kind": "M4RK3R", "password": "M4RK3R", "kidn": 1}}
    with pytest.raises(ConfigError) as caught:
        settle(Outer, table, "x.toml", resolver)
    assert caught.value.problems == (
        Problem("x.toml", "inner.kidn", "unknown key; did you mean kind?"),
        Problem("x.toml", "inner.kind", 'must be "soft" or "hard"'),
        Problem(
            "x.toml",
            "inner.password",
            'stands here in clear; { env = "NAME" } or { file = "PATH" } keeps it out',
            warning=True,
        ),
        Problem("x.toml", "number", "must be a whole number of at least 1, found a text"),
        Problem("x.toml", "numbr", "unknown key; did you mean number?"),
    )
    assert "M4RK3R" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_unknown_key_alone_stops_a_table(resolver):
    with pytest.raises(ConfigError, match=r"x\.toml: other: unknown key; known here: number, inner"):
        settle(Outer, {"number": 1, "other": 1}, "x.toml", resolver)


def test_a_table_is_not_changed_by_reading_it(resolver):
    table = {"number": 1, "inner": {"kind": "soft", "x": 1}}
    with pytest.raises(ConfigError):
        settle(Outer, table, "x.toml", resolver)
    assert table == {"number": 1, "inner": {"kind": "soft", "x": 1}}


def test_a_missing_key_marks_a_table_as_incomplete(resolver):
    settings, faults = validate(Outer, {}, resolver)
    assert settings is None
    assert [(fault.path, fault.incomplete) for fault in faults] == [(("number",), True)]

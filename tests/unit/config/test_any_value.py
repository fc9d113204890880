"""Whatever stands at whatever key: a home or a ConfigError, never another exception."""

import json
import math
import traceback
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.check import check_home
from gateway.config.model import Bundle, ConsumerSettings, GatewaySettings, ProviderSettings
from gateway.config.read import read_home
from gateway.config.values import Settings
from gateway.config.words import fields_of, named_tables_of, table_of
from gateway.errors import ConfigError
from tests.unit.config.homes import BASE, MARKER, build

FILES: dict[str, type[Settings]] = {
    "gateway.toml": GatewaySettings,
    "bundles/ims1.toml": Bundle,
    "wsdl/phonebook/correlator.toml": ProviderSettings,
    "wsdl/rating/correlator.toml": ConsumerSettings,
}
BARE: dict[str, dict[str, Any]] = {
    "gateway.toml": {},
    "bundles/ims1.toml": {
        "ims_connect": {"host": "127.0.0.1", "port": 9999, "datastore": "IMS1"},
        "callout": {"tpipes": ["RATING"]},
    },
    "wsdl/phonebook/correlator.toml": {
        "role": "provider",
        "wsdl": "phonebook.wsdl",
        "bundle": "ims1",
        "operations": {"PhoneBook": {"transaction": "IVTNO"}},
    },
    "wsdl/rating/correlator.toml": {
        "role": "consumer",
        "wsdl": "rating.wsdl",
        "bundles": ["ims1"],
        "operations": {"Rate": {}},
    },
}


def paths(model: type[Settings], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, field in fields_of(model).items():
        yield (*at, key)
        if inner := table_of(field):
            yield from paths(inner, (*at, key))
        elif inner := named_tables_of(field):
            yield from ((*at, key, "*"), (*at, key, "PhoneBook"))
            yield from paths(inner, (*at, key, "*"))
            yield from paths(inner, (*at, key, "PhoneBook"))


def toml(value: Any) -> str:  # noqa: PLR0911  one line a kind
    """Write a value as TOML; independent of what reads it."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return hex(value) if value > 10**30 else str(value)
        case float():
            return str(value) if math.isfinite(value) else str(value).removeprefix("+")
        case str():
            return json.dumps(value).replace("\x7f", "\\u007f")
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case _:
            return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"


def document(table: dict[str, Any]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items())


# the characters of a TOML file: no surrogates, which UTF-8 cannot hold; beyond the BMP json.dumps writes pairs
texts = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
words = st.sampled_from(
    [
        "",
        "none",
        "username",
        "xml",
        "consumer",
        "copybook",
        "*",
        "RATING",
        "asynchronous",
        "postgresql://a:b@c/d?e=f#g",
        "http://[::1]:*",
        "127.0.0.1:0",
        "[::]:1",
        "::/0",
        "reroute",
        "\0",
    ]
)
scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 2**63, 16**3000]),
    st.floats(allow_nan=True),
    texts,
    words,
    st.dates(),
    st.times(),
    st.datetimes(),
)
names = st.one_of(texts, st.sampled_from(["env", "file", "path", "password", "*", "transaction"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
EVERYWHERE = [(file, path) for file, model in FILES.items() for path in paths(model)]
places = st.sampled_from(EVERYWHERE)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any") / "home"
    build(BASE, folder)
    (folder / "wsdl" / "rating").mkdir()
    (folder / "wsdl" / "rating" / "rating.wsdl").touch()
    return folder


def put(table: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *way, last = path
    for key in way:
        inner = table.get(key)
        if not isinstance(inner, dict):
            inner = table[key] = {}
        table = inner
    table[last] = value


def reads(home: Path) -> None:
    """Read and check the home; the one exception allowed is ConfigError, and its lines are printable."""
    try:
        read = read_home(home, environ={"ENV": MARKER})
    except ConfigError as error:
        assert error.problems
        for line in str(error).split("\n"):
            assert line.isprintable()
    else:
        assert all(str(problem).isprintable() for problem in check_home(read))


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(places, names, st.booleans(), values), min_size=1, max_size=4))
def test_any_value_at_any_key_gives_a_home_or_a_config_error(home, changes):
    tables = json.loads(json.dumps(BARE))
    for (file, path), name, unknown, value in changes:
        put(tables[file], (*path[:-1], name) if unknown else path, value)
    for file, table in tables.items():
        (home / file).write_text(document(table), encoding="utf-8")
    reads(home)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(list(FILES)), data=st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_any_bytes_in_any_file_give_a_home_or_a_config_error(home, file, data):
    for name, table in BARE.items():
        (home / name).write_text(document(table), encoding="utf-8")
    raw = data if isinstance(data, bytes) else data.encode(errors="replace")
    (home / file).write_bytes(raw)
    reads(home)


SECRET_SHAPES = {
    "text": f'"{MARKER}"',
    "list": f'["{MARKER}"]',
    "table": f'{{ password = "{MARKER}" }}',
    "deep table": f'{{ value = {{ deep = "{MARKER}" }} }}',
    "variable": '{ env = "ENV" }',
    "file": '{ file = "secret" }',
    "two references": f'{{ env = "ENV", file = "secret", x = "{MARKER}" }}',
    "text without end": f'"{MARKER}\n"',
    "no text": MARKER,
}
NAMES = {"wsdl", "bundle", "path", "crl", "metadata"}
"""Keys whose text is the name of something; a line that says it is not there has to name it."""


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("shape", SECRET_SHAPES)
def test_a_secret_put_anywhere_shows_in_no_problem(home, shape, unknown):
    (home / "secret").write_bytes(MARKER.encode() * 3)
    beside = dict.fromkeys((file, (*path[:-1], "unknown_key")) for file, path in EVERYWHERE)
    for file, path in beside if unknown else EVERYWHERE:
        tables = json.loads(json.dumps(BARE))
        put(tables[file], path, "@@@")
        for name, table in tables.items():
            text = document(table).replace('"@@@"', SECRET_SHAPES[shape])
            (home / name).write_text(text, encoding="utf-8")
        named = (shape == "text" and path[-1] in NAMES) or (shape == "list" and path[-1] == "bundles")
        try:
            shown = repr([str(problem) for problem in read_home(home, environ={"ENV": MARKER * 3}).warnings])
        except ConfigError as error:
            shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.problems)
        assert named or MARKER not in shown, (file, path)

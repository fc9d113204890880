"""docs/wire.md says what the code does: its tables are the layouts, its example is a run of the command."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.imsconnect.wire import Exit, HeaderCode
from gateway.imsconnect.wire.anatomy_layout import EXTENSION, IRM, IRM_TOKEN
from gateway.imsconnect.wire.anatomy_output import output_anatomy
from gateway.imsconnect.wire.frame import Kind, StructureScanner
from gateway.imsconnect.wire.irm import (
    EXTN_OFF_PLACE,
    F6_PLACE,
    IRM_LENGTH_WITH_APPLICATION,
    IRM_LENGTHS,
    TEXTS,
    TOKENS,
)
from tests.unit.imsconnect.wire import corpus
from tests.unit.standin.by_hand import CORPUS

PAGE = (Path(__file__).parents[4] / "docs" / "wire.md").read_text()
PLACES = re.compile(r"^\| (\d+) \| ([0-9A-F]+) \| (\d+|n) \| `([^`]+)` \|(?: (\d) \|)?", re.MULTILINE)
STRUCTURES = re.compile(r"^\| ([A-Z]+) \| (\d+) \| (\d+|n) \| `([^`]+)` \|$", re.MULTILINE)


def test_the_table_of_the_irm_is_the_layout():
    rows = [row for row in PLACES.findall(PAGE) if row[4]]
    assert [
        (int(dec), int(hexa, 16), int(length), name, int(level)) for dec, hexa, length, name, level in rows
    ] == [(place.offset, place.offset, place.length, place.name, place.arch) for place in IRM]


def test_the_tables_of_token_and_extension_are_the_layouts():
    rows = [(int(row[0]), int(row[1], 16), row[2], row[3]) for row in PLACES.findall(PAGE) if not row[4]]
    places = [*IRM_TOKEN, *EXTENSION]
    expected = [(place.offset, place.offset, str(place.length), place.name) for place in places]
    assert rows == [*expected, (12, 12, "n", "IRMEXTN_DATA")]


def test_the_layout_is_the_one_that_the_codec_reads_and_writes():
    known = {place.name: place for place in IRM}
    for place in (*TEXTS, *TOKENS, F6_PLACE, EXTN_OFF_PLACE):
        named = "IRM_REROUT_NM/RT_ALTCID" if place.name == "IRM_REROUT_NM" else place.name
        found = known[named]
        assert (found.offset, found.length, found.arch) == (place.offset, place.length, place.arch)


@pytest.mark.parametrize("level", range(6))
def test_a_level_ends_where_its_last_field_does(level):
    # IRM_APPL_NM may be missing at level 0
    ends = [place.end for place in IRM if place.arch <= level]
    assert max(ends) == 4 + (IRM_LENGTH_WITH_APPLICATION if level == 0 else IRM_LENGTHS[level])


def structures() -> list[tuple[str, bytes]]:
    """One structure of each kind, out of the corpus."""
    found: dict[str, bytes] = {}
    for case in corpus.cases("output"):
        if (case.exit, case.code) != (Exit.HWSSMPL1, HeaderCode.EBCDIC):
            continue
        scanner = StructureScanner(case.code, start=4, end=len(case.data))
        scanner.advance(bytearray(case.data))
        for one in scanner.found:
            found.setdefault(one.kind.name, case.data)
    return list(found.items())


@pytest.mark.parametrize(("kind", "data"), structures())
def test_the_table_of_a_structure_is_how_it_is_explained(kind, data):
    name = "RSM" if kind == "XADPST" else kind
    rows = [(int(at), length, field) for found, at, length, field in STRUCTURES.findall(PAGE) if found == name]
    scanner = StructureScanner(HeaderCode.EBCDIC, start=4, end=len(data))
    scanner.advance(bytearray(data))
    one = next(found for found in scanner.found if found.kind is Kind[kind])
    fields = [
        field
        for field in output_anatomy(data, Exit.HWSSMPL1, HeaderCode.EBCDIC)
        if one.start <= field.offset < one.end and not re.search(r"[2-9]$", field.name)
    ]
    assert rows
    assert [(at, field) for at, _, field in rows] == [(f.offset - one.start, f.name) for f in fields]
    for (_, length, _), field in zip(rows, fields, strict=True):
        assert length in {"n", str(len(field.data))}


def test_every_kind_of_structure_is_in_the_table():
    named = {row[0] for row in STRUCTURES.findall(PAGE)}
    assert named == {kind.name for kind in Kind} - {"XADPST"}


def test_the_example_is_what_the_command_prints():
    shown = PAGE.partition("$ imsgw wire decode reply.bin\n")[2].partition("```")[0]
    path = CORPUS / "output" / "06-reply-wants-ack.hex"
    assert CliRunner().invoke(app, ["wire", "decode", str(path)]).stdout == shown


@pytest.mark.parametrize("word", ["--from", "--exit", "--ascii", "--json", "--transcript", "tshark -r"])
def test_every_option_is_explained(word):
    assert word in PAGE

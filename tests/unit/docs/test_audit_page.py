"""The page of the audit trail: its sample lines are what the formats write, its tables name all there is."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import cef, ecs, leef
from gateway.audit.happenings import Resumed, of_resumed
from gateway.audit.kinds import Kind
from gateway.audit.record import AuditRecord
from gateway.audit.requests import of_request
from tests.fixtures.siem import read_cef, read_leef
from tests.unit.audit.events import ANSWERED, STAMP, refused

PAGE = Path(__file__).parents[3] / "docs/audit.md"
BROKEN = refused(
    "IGW1302E",
    "IGW1302E The signature or decryption was invalid [trust.one: not in the truststore]",
    user="",
    origin="",
    reply_bytes=612,
    milliseconds=2,
    timeline=ANSWERED.timeline[:2],
    rules=("header.present", "!trust.one"),
    operation="",
    endpoint="",
    client_id="",
    covered=(),
    issuer="",
    assertion_id="",
    attested_by="",
)
SAMPLES = {
    f"{name} {what}": module.line(of_request(event, STAMP))
    for name, module in (("json", ecs), ("leef", leef), ("cef", cef))
    for what, event in (("answered", ANSWERED), ("refused", BROKEN))
}


def full() -> list[AuditRecord]:
    """Return records in which every member says something."""
    base = of_resumed(Resumed(1, "x", 1.0), STAMP)
    told = {
        field.name: {"str": "x", "int": 1, "int | None": 1, "bool | None": True}.get(
            str(field.type).removeprefix("<class '").removesuffix("'>")
        )
        for field in fields(AuditRecord)
    }
    known: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    record = replace(of_request(ANSWERED, STAMP), **{**known, "source": "192.0.2.1", "severity": 1, "dfs": ""})
    return [base, record, replace(record, source="2001:db8::1"), replace(record, source="x", reason="\t")]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_the_format_writes(name):
    assert f"\n{SAMPLES[name]}\n```" in PAGE.read_text(), f"it should read:\n{SAMPLES[name]}"


def test_every_kind_of_event_is_in_the_table_with_its_severity():
    text = PAGE.read_text()
    for kind in Kind:
        row = re.search(rf"^\|[^|]*`{kind.value.id}`[^|]*\|[^|]*\| ([0-9]+)", text, re.MULTILINE)
        assert row is not None, kind
        assert int(row[1]) == kind.value.severity


def names_of(section: str) -> set[str]:
    text = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return {
        name for row in re.findall(r"^\| `.*$", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    }


def paths_of(value: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, inner in value.items():
        nested = isinstance(inner, dict) and f"{prefix}{name}" != "imsgw.milliseconds"
        found |= paths_of(inner, f"{prefix}{name}.") if nested else {f"{prefix}{name}"}
    return found


def test_every_name_of_json_is_in_its_table():
    fixed = {"ecs.version", "event.kind", "event.module", "event.dataset"}
    fixed |= {"observer.product", "observer.type", "observer.version"}
    written = set().union(*(paths_of(json.loads(ecs.line(record))) for record in full()))

    assert written - fixed <= names_of("JSON")
    assert len(written) > 50


def test_every_key_of_leef_and_cef_is_in_its_table():
    keys = set().union(*(read_leef(leef.line(record)).attributes for record in full()))
    assert keys <= names_of("LEEF 2.0")
    assert len(keys) > 40
    own = set().union(*(read_cef(cef.line(record)).extension for record in full()))
    numbered = {key for key in own if re.fullmatch(r"c[sn][0-9](Label)?|c6a2Label", key)}
    assert own - numbered <= names_of("CEF")
    assert len(own) > 40

"""What pip-audit's answer is worth, and which vulnerabilities are accepted for how long."""

import json
from datetime import date

import pytest

from tools import audit
from tools.audit import EXCEPTIONS, Found, Known, exceptions, read, verdict

TODAY = date(2026, 6, 1)
ENTRY = '[[exception]]\nid = "PYSEC-1"\npackage = "lib"\nreason = "%s"\nuntil = %s\n'


def report(**packages):
    found = []
    for name, said in packages.items():
        found.append({"name": name, "skip_reason": said} if isinstance(said, str) else {"name": name, **said})
    return json.dumps({"dependencies": found, "fixes": []})


CLEAN = {"version": "1.0", "vulns": []}
VULNERABLE = {"version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": []}]}


def accepted(until=date(2026, 12, 31), name="PYSEC-1", package="lib"):
    return Known(name, package, "not used here", until)


def test_a_package_that_was_skipped_was_not_looked_up():
    found = read(report(a=CLEAN, b="Dependency not found on PyPI and could not be audited: b (1.0)"))
    assert found == Found(1, ("b",), ())


def test_a_vulnerability_without_an_exception_is_wrong():
    found = read(report(lib=VULNERABLE, other=CLEAN))
    assert verdict(found, [], TODAY) == ["lib 1.0: PYSEC-1 CVE-2026-1"]


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-2026-1"])
def test_an_exception_counts_by_any_of_the_names(name):
    assert verdict(read(report(lib=VULNERABLE)), [accepted(name=name)], TODAY) == []


def test_an_exception_is_for_one_package_and_until_a_day():
    found = read(report(lib=VULNERABLE))
    assert verdict(found, [accepted(package="other")], TODAY) == ["lib 1.0: PYSEC-1 CVE-2026-1"]
    assert verdict(found, [accepted(until=TODAY)], TODAY) == []
    assert verdict(found, [accepted(until=date(2026, 5, 31))], TODAY) == [
        "the exception for PYSEC-1 in lib ended on 2026-05-31",
        "lib 1.0: PYSEC-1 CVE-2026-1",
    ]


def test_exceptions_need_a_reason_and_a_date():
    assert exceptions(ENTRY % ("not used", "2026-12-31")) == [
        Known("PYSEC-1", "lib", "not used", date(2026, 12, 31))
    ]
    for reason, until in (("", "2026-12-31"), ("not used", '"some day"')):
        with pytest.raises(ValueError, match="no reason or no date"):
            exceptions(ENTRY % (reason, until))
    with pytest.raises(TypeError):
        exceptions('[[exception]]\nid = "PYSEC-1"\n')


def test_the_file_of_exceptions_can_be_read():
    exceptions(EXCEPTIONS.read_text())


@pytest.mark.parametrize(
    ("answer", "without", "required", "words"),
    [
        (None, 0, 3, "NOT AUDITED"),
        (report(a="not found"), 0, 3, "NOT AUDITED"),
        (report(a=CLEAN, b="not found"), 0, 3, "NOT AUDITED: b"),
        (report(a=CLEAN), 0, 0, "1 packages looked up"),
        (report(lib=VULNERABLE), 1, 1, "1 packages looked up"),
    ],
    ids=["away", "knows-nothing", "knows-not-all", "clean", "vulnerable"],
)
def test_nothing_that_was_not_looked_up_passes_for_clean(monkeypatch, capsys, answer, without, required, words):
    monkeypatch.setattr(audit, "ask", lambda _lock: answer)
    monkeypatch.setattr(audit, "exceptions", lambda _text: [])
    assert (audit.main([]), audit.main(["--require"])) == (without, required)
    assert words in capsys.readouterr().out

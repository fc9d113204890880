"""Installations with bytes changed at random: migrated, told, or refused, never anything else."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.migrate.mapping import read_mapping
from gateway.migrate.passwords import Passwords
from gateway.migrate.run import Options, migrate
from tests.fixtures.migration import lay_out

OPTIONS = Options(read_mapping(), Passwords(), dry_run=True)


@pytest.fixture(scope="module")
def installations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installations")
    return [lay_out(name, folder / name, None, "127.0.0.1", 9999) for name in ("zos", "odd")]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_is_more_than_a_line_of_the_report(installations, data):
    source = data.draw(st.sampled_from(installations))
    files = sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink())
    file = data.draw(st.sampled_from(files))
    whole = file.read_bytes()
    octets = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(octets)))
        length = data.draw(st.sampled_from([0, 0, 1, 20]))
        octets[start : start + length] = data.draw(
            st.sampled_from([b"", b"<", b'"', b"&x;", b"\x00", b"\xff", b"--", b"]]>"])
        )
    file.write_bytes(octets)
    try:
        with tempfile.TemporaryDirectory() as target:
            report = migrate(source, Path(target) / "home", OPTIONS, lambda *_: None)
    finally:
        file.write_bytes(whole)
    assert not re.search("GWPASS1|clientks|httpsks1", repr(report))
    assert not [str(one) for one in report.problems if not one.warning and one.file != "gateway.toml"]

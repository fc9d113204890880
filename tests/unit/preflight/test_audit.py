"""A trail that this user cannot write is found before the first request."""

from types import SimpleNamespace

import pytest

from gateway.config.model import AuditSettings, GatewaySettings
from gateway.preflight.audit import audit_problems


def problems(state, to, on_failure="refuse"):
    gateway = GatewaySettings(audit=AuditSettings(to=to, on_failure=on_failure))
    return [
        (one.key, one.text, one.warning)
        for one in audit_problems(SimpleNamespace(gateway=gateway, state=state))
    ]


def test_a_file_that_can_be_written_or_made_is_right(tmp_path):
    (tmp_path / "there").touch()

    assert problems(tmp_path, "file:there") == []
    assert problems(tmp_path, "file:new/folder/audit.log") == []
    assert problems(tmp_path, "stdout") == []


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("file:folder", "is no regular file"),
        ("file:link", "is no regular file"),
        ("file:file/audit.log", "is no folder"),
        ("file:/proc/audit.log", "cannot be written by this user"),
    ],
)
def test_what_cannot_be_written_is_told_and_stands_in_the_way_of_who_needs_records(
    tmp_path, to, words, monkeypatch
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/dev/null")
    if to.startswith("file:/"):  # root may write anywhere
        monkeypatch.setattr("gateway.preflight.audit.os.access", lambda *_: False)

    ((key, text, warning),) = problems(tmp_path, to)

    assert (key, words in text, warning) == ("audit.to", True, False)
    assert problems(tmp_path, to, "count")[0][2] is True

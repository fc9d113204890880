"""`imsgw reload` and `imsgw status` where nobody can be asked."""

import pytest
from typer.testing import CliRunner

from gateway.cli import app


@pytest.mark.parametrize("command", ["reload", "status"])
def test_a_state_that_is_not_to_be_read_is_told_in_words(tmp_path, command):
    """As for who is not the user of the gateway: its folder lets in nobody else."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var/serve").write_text("no folder")
    done = CliRunner().invoke(app, [command, "--home", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{tmp_path}/var/serve cannot be read: Not a directory\n"

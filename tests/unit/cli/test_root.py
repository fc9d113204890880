"""What holds for every command."""

import subprocess
import sys
from types import ModuleType

import pytest

from gateway import __version__
from gateway.__main__ import main

COMMANDS = [
    ("serve",),
    ("check",),
    ("call",),
    ("demo",),
    ("standin",),
    ("keystore",),
    ("keystore", "create-test"),
    ("callout",),
    ("callout", "list"),
    ("callout", "start"),
    ("callout", "stop"),
    ("callout", "drain"),
    ("callout", "dead-letters"),
    ("callout", "dead-letters", "list"),
    ("callout", "dead-letters", "show"),
    ("callout", "dead-letters", "replay"),
    ("callout", "dead-letters", "discard"),
    ("wire",),
    ("wire", "decode"),
    ("ims",),
    ("ims", "ping"),
    ("ims", "send"),
    ("ims", "converse"),
    ("ims", "command"),
    ("ims", "drain"),
    ("ims", "respond"),
    ("ims", "cancel-timer"),
    ("ims", "password"),
    ("ims", "codes"),
    (),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(imsgw, command, option):
    result = imsgw(*command, option)
    assert result.exit_code == 0
    example = result.stdout.partition("Example")[2]
    assert f"imsgw {' '.join(command)}".rstrip() in example


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_wrong_usage(imsgw, command):
    result = imsgw(*command, "--no-such-option")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--no-such-option" in result.stderr


def test_an_unknown_command_is_wrong_usage(imsgw):
    result = imsgw("migrat")
    assert (result.exit_code, "migrat" in result.stderr) == (2, True)


@pytest.mark.parametrize("group", [(), ("keystore",), ("wire",), ("ims",)])
def test_without_a_command_the_help_is_shown(imsgw, group):
    result = imsgw(*group)
    assert result.exit_code == 2
    assert "Commands" in result.stdout + result.stderr


def test_the_version_is_shown(imsgw):
    result = imsgw("--version")
    assert (result.exit_code, result.stdout) == (0, f"imsgw {__version__}\n")


def test_a_name_that_is_nearly_one_brings_up_the_right_one(imsgw):
    assert "Did you mean 'standin'" in imsgw("standing").stderr


@pytest.mark.parametrize("arguments", [("--version",), ("wire", "decode", "-")])
def test_a_command_does_not_wait_for_what_only_others_need(arguments):
    program = (
        "import sys\nfrom gateway.cli import app\n"
        f"app({arguments!r}, standalone_mode=False)\n"
        "print(*sorted(set(sys.modules) & {'gateway.config.model', 'cryptography', 'structlog'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="", capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == ""


class Interrupted(ModuleType):
    """A package that is being loaded when Ctrl-C comes."""

    def __getattr__(self, name):
        raise KeyboardInterrupt


def test_ctrl_c_while_the_command_is_loaded_ends_it_without_a_trace(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gateway.cli", Interrupted("gateway.cli"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")

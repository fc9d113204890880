"""What holds for every command."""

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

"""Every command of `imsgw` that a page shows is one that the real command line takes."""

import re

import pytest

from tests.fixtures.command_line import trouble, words_of
from tests.fixtures.running_gateway import REPOSITORY
from tests.fixtures.shell import commands_of

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
GENERATED = {
    "commands.md": "made from the commands themselves; its headings are in it as `imsgw ims` and the like"
}
"""Pages whose commands in the text need no look."""
FOLDED = re.compile(r"\\\n\s*")


def shown(text):
    """Return the commands of a page's blocks, whatever their language."""
    found = [command.partition("\n")[0] for command, _ in commands_of(text)]
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if language in {"", "sh", "bash"}:
            lines = FOLDED.sub(" ", block).splitlines()
            found += [line for line in lines if re.match(r"(?:[A-Z_]+=\S+ )*imsgw \w", line)]
    return found


def named(text):
    """Return the commands that stand within sentences."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(code.split()) for code in re.findall(r"`(imsgw [a-z][^`]*)`", prose)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_blocks_are_taken(page):
    wrong = {line: trouble(words) for line in shown(page.read_text()) if (words := words_of(line))}
    assert {line: why for line, why in wrong.items() if why} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_sentences_are_there(page):
    wrong = {}
    for code in named(page.read_text()):
        words = words_of(re.sub(r"[\[\]]|\bCOMMAND\b", "", code))
        if why := trouble(words, whole=False):
            wrong[code] = why
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("imsgw chekc", "there is no command chekc"),
        ("imsgw service deply x.wsdl", "there is no command deply"),
        ("imsgw check --onlnie", "there is no option --onlnie"),
        ("imsgw call PhoneBookPort", "an argument is missing"),
        ("imsgw reload now", "now is too much"),
        ("imsgw admin account anna --role boss", "--role: boss is not one of viewer, operator"),
        ("imsgw check --home", "--home needs a value"),
    ],
)
def test_what_the_command_line_would_refuse_is_found(line, why):
    assert trouble(words_of(line)) == why


@pytest.mark.parametrize(
    "line",
    [
        "imsgw check --home=/etc/imsgw --online",
        "IMSGW_PW=WONDER1 imsgw call APort AnOperation a=b --user ALICE --password-env IMSGW_PW",
        "imsgw serve >gateway.log 2>&1 &",
        "imsgw check | grep certificates",
        "imsgw callout --home /etc/imsgw",
        "imsgw --version",
    ],
)
def test_what_it_would_take_is_let_be(line):
    words = words_of(line)
    assert words
    assert trouble(words) == ""


def test_other_commands_are_none_of_ours():
    assert words_of("make demo") == []
    assert words_of("cat imsgw") == []


def test_the_pages_show_many():
    assert sum(len(shown(page.read_text())) for page in PAGES) > 100

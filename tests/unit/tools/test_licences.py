"""Which licences are accepted, and how what packages state becomes SPDX's words."""

import pytest

from tools.licences import LOCK, LicenceError, Rules, locked, page

RULES = Rules.read(
    """
# a comment
allowed MIT
allowed Apache-2.0
words The MIT License = MIT
package odd = Apache-2.0
"""
)


def test_versions_come_from_the_lock_several_where_python_decides():
    text = (
        "six==1.17.0 \\\n    --hash=sha256:00\n"
        "deprecated==1.3.1 ; python_full_version < '3.12' \\\n"
        "deprecated==3.0.1 ; python_full_version >= '3.12' \\\n"
        "coverage[toml]==7.1 \\\n"
        "twofish==0.3.0 ; sys_platform == 'never' \\\n"
    )
    assert locked(text) == {"six": ["1.17.0"], "deprecated": ["1.3.1", "3.0.1"], "coverage": ["7.1"]}


def test_everything_that_is_locked_has_a_hash():
    blocks = LOCK.read_text().split("\n\n")
    entries = [
        line for line in "".join(blocks).splitlines() if "==" in line and not line.startswith((" ", "#"))
    ]
    assert len(entries) > 50
    assert all(entry.rstrip().endswith("\\") for entry in entries), "hashes follow on the next lines"


@pytest.mark.parametrize(
    ("stated", "licence"),
    [("MIT", "MIT"), ("The MIT License", "MIT"), ("MIT OR Apache-2.0", "MIT OR Apache-2.0")],
)
def test_a_licence_that_is_accepted_is_shown_in_the_words_of_spdx(stated, licence):
    assert RULES.licence("one", stated) == licence


@pytest.mark.parametrize(
    "stated", [None, "", "UNKNOWN", "GPL-3.0-only", "MIT AND GPL-3.0-only", "The mit license"]
)
def test_a_licence_that_is_unknown_or_not_on_the_list_is_refused_by_its_package(stated):
    with pytest.raises(LicenceError, match=r"^one: "):
        RULES.licence("one", stated)


def test_what_was_read_by_hand_counts_more_than_what_is_stated():
    assert RULES.licence("odd", "GPL-3.0-only") == "Apache-2.0"


def test_the_page_names_every_package_or_every_one_that_is_wrong():
    text = page({"one": ["1.0"], "odd": ["2.0", "3.0"]}, {"one": "MIT"}, RULES)
    assert text.endswith("| odd | 2.0, 3.0 | Apache-2.0 |\n| one | 1.0 | MIT |\n")
    with pytest.raises(LicenceError, match=r"^a: SSPL-1\.0; b: no licence is known$"):
        page({"a": ["1"], "b": ["1"], "one": ["1.0"]}, {"a": "SSPL-1.0", "one": "MIT"}, RULES)

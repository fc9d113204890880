"""docs/migration.md: its commands do what it shows, its tables name what there is."""

import re
import tomllib

import pytest

from gateway.migrate.mapping import KINDS, read_mapping, shipped_text
from gateway.migrate.passwords import read_passwords
from tests.fixtures.migration import lay_out
from tests.fixtures.running_gateway import REPOSITORY

pytestmark = pytest.mark.xdist_group("migrated")  # one of them needs the stores

PAGE = (REPOSITORY / "docs/migration.md").read_text(encoding="utf-8")
PASSWORDS = {
    "OLD_HTTPS_STORE": "httpsks1", "OLD_HTTPS_KEY": "httpskey",
    "IMSPROD_PASSWORD": "GWPASS1", "PARTNER_PASSWORD": "p",
}  # fmt: skip


def sessions():
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def blocks(beginning):
    return [text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if beginning in text]


def test_the_commands_of_the_page_do_what_it_shows(imsgw, java_stores, tmp_path):
    lay_out("zos", tmp_path / "imssoap", java_stores, "127.0.0.1", 9999)
    (tmp_path / "passwords.toml").write_text(blocks("[stores.")[0])
    seen = 0
    for command, shown in sessions():
        words = command.replace("/transfer/imssoap", f"{tmp_path}/imssoap").replace(
            "/etc/imsgw", f"{tmp_path}/new"
        )
        program, *arguments = words.split()
        assert program == "imsgw"
        into = arguments[arguments.index(">") + 1] if ">" in arguments else ""
        done = imsgw(*arguments[: arguments.index(">")] if into else arguments, **PASSWORDS)
        assert done.exit_code == 0, (command, done.output)
        if into:
            (tmp_path / into).write_text(done.stdout)
        assert done.stdout.replace(f"{tmp_path}/new", "/etc/imsgw").startswith(shown)
        seen += 1
    assert seen == 6


def test_every_option_is_in_the_table(imsgw):
    shown = imsgw("migrate", "--help").stdout
    options = set(re.findall(r"--[a-z-]+", shown)) - {"--help", "--home"}
    rows = set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))
    assert rows == options


def test_every_property_of_the_mapping_table_is_named():
    for kind in KINDS:
        [row] = re.findall(rf"^\| {kind} \| (.*) \|$", PAGE, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == list(tomllib.loads(shipped_text())[kind]["properties"])


def test_the_example_of_a_mapping_table_is_one(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(blocks("[bundle.properties]")[0])
    names = read_mapping(path)
    assert names.property_of("bundle", ("imsrechner",)) == "host"
    assert names.value_is("token_username", "UNT-PROD")


def test_the_example_of_a_password_file_is_one(tmp_path):
    path = tmp_path / "passwords.toml"
    path.write_text(blocks("[stores.")[0])
    known = read_passwords(path, PASSWORDS)
    assert known.of_store("server/keys/https.jks").key_password.reveal() == "httpskey"
    assert known.of_bundle("IMSPROD").basic_password.reveal() == "p"

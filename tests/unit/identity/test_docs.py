"""The examples of docs/identity.md do what the page says."""

import re
import tomllib
import types
from pathlib import Path

import pytest

from gateway.config.ldap import LdapSettings
from gateway.config.secrets import HomeFiles
from gateway.config.users import UserRow, read_users
from gateway.config.words import fields_of
from gateway.errors import ConfigError, SecurityError
from gateway.exchange import Caller, Secret
from gateway.identity.authenticator import Circumstances
from gateway.identity.caller import authenticated_caller
from gateway.identity.ldap import LdapAuthenticator
from gateway.identity.users import RacfUser, Users
from gateway.wss.verdict import Attribute, Claims, TokenKind
from tests.unit.identity.test_caller import BUNDLE
from tests.unit.identity.test_users import certificate

PAGE = (Path(__file__).parents[3] / "docs/identity.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def block(language, beginning):
    [found] = [text for kind, text in BLOCKS if kind == language and beginning in text]
    return found


def keys(heading):
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


def test_the_table_of_users_of_the_page_leads_where_it_should():
    table, faults = read_users(tomllib.loads(block("toml", "[[users]]")), HomeFiles(Path("/x"), {}))
    assert faults == ()
    users, sts = Users(table), "https://sts.bank.example"

    def who(name, **more):
        return users.find(Claims(TokenKind.SAML20, name, **more))

    assert who("alice@bank.example", issuer=sts) == RacfUser("ALICE", "TELLERS")
    assert who("uid=bob,ou=people,o=Bank") == RacfUser("PBOB")
    assert who("x.y", issuer=sts, attributes=(Attribute("RacfId", "urn:bank:claims", ("C3PO",)),)) == RacfUser(
        "C3PO"
    )
    assert who("x.y", attesting=certificate("batch1", "b.example")) is None


def test_the_keys_of_the_tables_are_those_of_the_models():
    assert keys("## The table of users") == set(fields_of(UserRow))
    assert keys("## LDAP") == set(fields_of(LdapSettings))


@pytest.fixture(scope="module")
def office_hours():
    module = types.ModuleType("bank.checks")
    exec(compile(block("python", "class OfficeHours"), "bank/checks.py", "exec"), module.__dict__)
    return module.OfficeHours


def test_the_module_of_the_page_decides_as_it_says(office_hours):
    table = tomllib.loads(block("toml", "OfficeHours"))["security"]
    assert table["authenticator"] == "bank.checks:OfficeHours"
    options = {**table["authenticator_options"], "opens": 0, "closes": 24, "batch": ["CN=batch1"]}
    always, never = office_hours(options, Path("/home")), office_hours({**options, "closes": 0}, Path("/home"))

    def call(module, user, where):
        return authenticated_caller(
            Claims(TokenKind.USERNAME, user, Secret("WONDER1")), BUNDLE, None, module, where
        )

    nothing = Circumstances("phonebook", "WhoAmI")
    shown = Circumstances("phonebook", "WhoAmI", "", certificate("batch1", "b.example"))
    other = Circumstances("phonebook", "WhoAmI", "", certificate("web1", "b.example"))
    assert call(always, "alice", nothing) == Caller("ALICE", Secret("WONDER1"), "", "username")
    assert call(never, "batch", shown) == Caller("BATCH1", Secret(""), "", "username")
    for module, user, where in ((never, "alice", shown), (always, "batch", nothing), (always, "batch", other)):
        with pytest.raises(SecurityError):
            call(module, user, where)
    with pytest.raises(ValueError, match="opens"):
        office_hours({}, Path("/home"))


def test_the_options_for_ldap_of_the_page_lack_the_truststore_only(tmp_path):
    options = tomllib.loads(block("toml", 'authenticator = "ldap"'))["security"]["authenticator_options"]
    options["bind_password"] = Secret("x")
    with pytest.raises(ConfigError) as failed:
        LdapAuthenticator(options, tmp_path)
    assert [problem.key for problem in failed.value.problems] == ["truststore.path"]

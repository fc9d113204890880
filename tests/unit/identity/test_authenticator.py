"""Custom authentication modules: what they see, what they may say, and that every failure of theirs refuses."""

import sys
import types
from pathlib import Path

import pytest

from gateway.config.model import Credentials, UsersTable
from gateway.errors import ConfigError, GatewayError, M, SecurityError, WssFault
from gateway.exchange import Caller, Secret
from gateway.identity.authenticator import Circumstances, Decision, UnavailableError
from gateway.identity.caller import authenticated_caller
from gateway.identity.loading import load_authenticator
from gateway.identity.users import Users
from gateway.wss.saml.names import EMAIL
from gateway.wss.verdict import Claims, TokenKind

BUNDLE = Credentials.model_construct(user="GWUSER", password=Secret("GWPASS1"), group="GWGROUP")
WHERE = Circumstances("phonebook", "WhoAmI", "127.0.0.1")
TOKEN = Claims(TokenKind.USERNAME, "alice", Secret("WONDER1"))
ASSERTION = Claims(TokenKind.SAML20, "alice@bank.example", name_format=EMAIL, issuer="https://sts.example")


class Says:
    """Answers what it was told to, and keeps what it saw."""

    def __init__(self, answer=None, error=None):
        self.answer, self.error, self.seen = answer, error, []

    def authenticate(self, verified):
        self.seen.append(verified)
        if self.error is not None:
            raise self.error
        return self.answer


def untyped(**given):
    return Decision(**given)


def asked(module, claims=TOKEN, users=None):
    return authenticated_caller(claims, BUNDLE, users, module, WHERE)


@pytest.mark.parametrize("answer", [None, Decision()])
def test_a_module_that_changes_nothing_leaves_the_caller_of_the_token(answer):
    assert asked(Says(answer)) == Caller("ALICE", Secret("WONDER1"), "", "username")


def test_a_module_sees_token_circumstances_and_who_it_is_so_far():
    module = Says()
    asked(module)
    [seen] = module.seen
    assert (seen.claims, seen.circumstances, seen.user, seen.group) == (TOKEN, WHERE, "ALICE", "")
    assert "WONDER1" not in repr(seen)


def test_a_module_may_replace_user_group_and_password():
    answer = Decision(user="bob", group="tellers", password=Secret("NEWPASS"))
    assert asked(Says(answer)) == Caller("BOB", Secret("NEWPASS"), "TELLERS", "username")


def test_a_module_may_keep_the_password_of_the_token_from_racf():
    assert asked(Says(Decision(password=Secret("")))) == Caller("ALICE", Secret(""), "", "username")


def test_a_module_may_name_somebody_whom_the_table_does_not_know():
    module = Says(Decision(user="ALICE7"))
    assert asked(module, ASSERTION) == Caller("ALICE7", Secret(""), "", "saml20")
    assert module.seen[0].user == ""


def test_somebody_whom_neither_table_nor_module_knows_is_refused():
    with pytest.raises(SecurityError) as refused:
        asked(Says(), ASSERTION)
    assert refused.value.fault is WssFault.FAILED_AUTHENTICATION


def test_a_refusal_is_a_failed_authentication_whose_reason_the_caller_does_not_learn():
    with pytest.raises(SecurityError) as refused:
        asked(Says(Decision.refuse("not in the group")))
    assert refused.value.message is M.SIGN_ON
    assert "group" not in refused.value.text
    assert "not in the group" in refused.value.private


def test_without_a_token_no_module_is_asked():
    module = Says(Decision(user="ADMIN"))
    assert asked(module, Claims(TokenKind.NONE)) == Caller("GWUSER", Secret("GWPASS1"), "GWGROUP", "bundle")
    assert module.seen == []


def test_a_module_does_not_lead_past_the_deny_list():
    users = Users(UsersTable(deny=frozenset({"IBMUSER"})))
    with pytest.raises(SecurityError):
        asked(Says(Decision(user="ibmuser")), TOKEN, users)


@pytest.mark.parametrize(
    "answer",
    [
        Decision(user="TOOLONGNAME"),
        Decision(user=""),
        Decision(user="a b"),
        Decision(group="no group"),
        Decision(password=Secret("\x00")),
    ],
)
def test_a_name_or_password_that_racf_cannot_take_is_refused(answer):
    with pytest.raises(SecurityError):
        asked(Says(answer))


@pytest.mark.parametrize(
    "answer",
    [
        True,
        "ALICE",
        1,
        untyped(user=1),
        untyped(group=b"x"),
        untyped(refused=None),
        untyped(password="x"),
        Decision(password=Secret("123456789")),
        untyped(reason=None),
    ],
)
def test_an_answer_of_another_kind_lets_nobody_in(answer):
    with pytest.raises(GatewayError) as failed:
        asked(Says(answer))
    assert failed.value.message is M.AUTHENTICATOR


@pytest.mark.parametrize(
    "error", [RuntimeError("WONDER1"), ValueError(TOKEN), KeyError("WONDER1"), SecurityError.sign_on("WONDER1")]
)
def test_a_module_that_fails_lets_nobody_in_and_its_words_are_not_logged(error):
    with pytest.raises(GatewayError) as failed:
        asked(Says(error=error))
    assert failed.value.message is M.AUTHENTICATOR
    assert "WONDER1" not in str(failed.value)
    assert type(error).__name__ in failed.value.private
    assert "test_authenticator.py:" in failed.value.private


def test_a_module_that_cannot_decide_says_why_in_the_log():
    with pytest.raises(GatewayError) as failed:
        asked(Says(error=UnavailableError("directory down")))
    assert failed.value.message is M.AUTHENTICATOR
    assert "directory down" in failed.value.private
    assert "directory" not in failed.value.text


# -- loading --------------------------------------------------------------------------------------------------


@pytest.fixture
def bank(monkeypatch):
    """A package of the installation."""
    module = types.ModuleType("bank_checks")
    module.made = []

    class Check(Says):
        def __init__(self, options, home):
            super().__init__()
            module.made.append((options, home))

    def wrong(_options, _home):
        raise ValueError("option group is missing")

    def broken(_options, _home):
        raise RuntimeError("secret")

    module.Check, module.wrong, module.broken = Check, wrong, broken
    module.nothing = lambda _options, _home: object()
    module.value = 5
    monkeypatch.setitem(sys.modules, "bank_checks", module)
    return module


def load(name, options=None):
    return load_authenticator(name, options or {}, Path("/home"), "wsdl/x/correlator.toml")


def test_a_module_is_made_once_with_its_options_and_the_home(bank):
    module = load("bank_checks:Check", {"group": "x"})
    assert isinstance(module, bank.Check)
    assert bank.made == [({"group": "x"}, Path("/home"))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bank_cheks:Check", "there is no module bank_cheks"),
        ("bank_checks:Chek", "has no Chek"),
        ("bank_checks:value", "nothing that can be called"),
        ("bank_checks:wrong", "option group is missing"),
        ("bank_checks:broken", "cannot be used: RuntimeError"),
        ("bank_checks:nothing", "without a method authenticate"),
        ("ldpa", "did you mean ldap?"),
        ("something.else", 'a path reads "package.module:Name"'),
        ("", "a path reads"),
        (":", "Empty module name"),
        ("bank_checks:", "has no"),
        ("subprocess:Popen", "Python's own"),
        ("builtins:exec", "Python's own"),
        ("os.path:join", "Python's own"),
    ],
)
def test_a_name_that_leads_to_no_module_is_a_problem_of_the_correlator(bank, name, text):
    with pytest.raises(ConfigError) as failed:
        load(name)
    [problem] = failed.value.problems
    assert (problem.file, problem.key) == ("wsdl/x/correlator.toml", "security.authenticator")
    assert text in problem.text
    assert "secret" not in problem.text


def test_an_entry_point_of_an_installed_package_is_found_by_its_name(bank, tmp_path, monkeypatch):
    info = tmp_path / "bank_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bank-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imsgw.authenticators]\nbank = bank_checks:Check\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(load("bank"), bank.Check)

"""UsernameToken."""

import base64
import traceback

import pytest
from lxml import etree

from gateway.exchange import Secret
from gateway.wss.outbound import add_security, add_username_token
from tests.unit.wss.outbound.messages import NASTY, NOW, again, envelope, find

UTP = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
SMS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#"


def made(*arguments, **options):
    message = envelope()
    add_username_token(add_security(message), *arguments, **options)
    return find(again(message), "//wsse:Security/wsse:UsernameToken")


def test_user_and_password_with_its_type():
    token = made("outside", Secret("pass"))
    assert [(etree.QName(child).localname, dict(child.attrib), child.text) for child in token] == [
        ("Username", {}, "outside"),
        ("Password", {"Type": UTP + "PasswordText"}, "pass"),
    ]


def test_nonce_and_time_by_which_a_copy_is_known():
    token = made("outside", Secret("pass"), nonce=b"0123456789abcdef", created=NOW)
    nonce = find(token, "wsse:Nonce")
    assert base64.b64decode(nonce.text) == b"0123456789abcdef"
    assert dict(nonce.attrib) == {"EncodingType": SMS + "Base64Binary"}
    assert find(token, "wsu:Created").text == "2026-11-22T12:00:00.123Z"


@pytest.mark.parametrize("nasty", NASTY)
def test_user_and_password_stay_one_text_each(nasty):
    token = made(nasty, Secret(nasty))
    assert [child.text for child in token] == [nasty, nasty]
    assert all(len(child) == 0 for child in token)


def test_a_token_needs_a_user():
    with pytest.raises(ValueError, match="without a user"):
        made("", Secret("pass"))


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_password_that_xml_cannot_hold_is_not_shown(character):
    password = f"hunter2{character}"
    with pytest.raises(ValueError, match="cannot hold") as refusal:
        made("outside", Secret(password))
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))

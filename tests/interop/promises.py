"""What every outside SOAP stack is promised. A stack's test module inherits these and names its limits."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway import testkeys
from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import Credentials, Fault, OutsideClient, Reply, UnreachableError

ALICE = Credentials("ALICE", "WONDER1")
SOAP = pytest.mark.parametrize("soap", ["1.1", "1.2"])


class Promises:
    """Tests for one stack; the subclass gives the fixture `client`."""

    victim: ClassVar[str]
    """User whose wrong passwords are this stack's own: two of them, the bound of `[sign_on]`."""
    shows_subcode: ClassVar[bool] = True
    """Whether the stack lets its user see the subcode of a SOAP 1.2 fault."""

    @SOAP
    def test_a_plain_service_displays_an_entry(self, client: OutsideClient, soap: str) -> None:
        assert_is_last1(client.call(f"plain/display/{soap}/none").result)

    @SOAP
    def test_a_plain_service_is_called_as_the_user_of_the_bundle(
        self, client: OutsideClient, soap: str
    ) -> None:
        result = client.call(f"plain/whoami/{soap}/none").result
        assert result is not None
        assert (result["user"], result["group"]) == ("GWUSER", "GWGROUP")

    @SOAP
    def test_a_secure_service_displays_an_entry(self, client: OutsideClient, soap: str) -> None:
        assert_is_last1(client.call(f"secure/display/{soap}/text", ALICE).result)

    @SOAP
    def test_a_secure_service_is_called_as_the_user_of_the_token(
        self, client: OutsideClient, soap: str
    ) -> None:
        result = client.call(f"secure/whoami/{soap}/text", ALICE).result
        assert result is not None
        assert result["user"] == "ALICE"
        assert "GW" not in (result["group"] or ""), "the group of the bundle went with the user of the token"

    @pytest.mark.parametrize("service", ["plain", "secure"])
    def test_an_unknown_last_name_is_an_answer_and_no_fault(self, client: OutsideClient, service: str) -> None:
        token, credentials = ("text", ALICE) if service == "secure" else ("none", None)
        result = client.call(f"{service}/unknown/1.1/{token}", credentials).result
        assert result is not None
        assert "NOT FOUND" in result["message"]
        assert result["lastName"] == "MÜLLER", "text beyond ASCII comes back as it went"
        assert not result["firstName"]

    @SOAP
    def test_a_wrong_password_is_refused_in_the_words_of_the_standard(
        self, client: OutsideClient, soap: str
    ) -> None:
        answered = client.call(f"secure/whoami/{soap}/text", Credentials(self.victim, "WRONG1"))
        fault = self.header_fault(answered, soap, "FailedAuthentication")
        assert "could not be authenticated or authorized" in fault.string
        answered = client.call(f"secure/whoami/{soap}/text", Credentials("NO" + self.victim, "WRONG1"))
        unknown = self.header_fault(answered, soap, "FailedAuthentication")
        assert untracked(unknown) == untracked(fault), "an unknown user must look like a wrong password"

    @SOAP
    def test_a_missing_token_is_refused(self, client: OutsideClient, soap: str) -> None:
        answered = client.call(f"secure/whoami/{soap}/none")
        self.header_fault(answered, soap, "InvalidSecurity")

    @SOAP
    def test_a_token_that_nobody_asked_for_is_refused(self, client: OutsideClient, soap: str) -> None:
        answered = client.call(f"plain/whoami/{soap}/text", ALICE)
        fault = self.header_fault(answered, soap, "InvalidSecurity")
        assert "takes no security token" in fault.string

    @SOAP
    def test_a_command_that_the_schema_does_not_know_is_the_caller_s_fault(
        self, client: OutsideClient, soap: str
    ) -> None:
        fault = client.call(f"plain/invalid/{soap}/none").fault
        assert fault is not None
        assert (fault.code, fault.http_status) == (("Client", 500) if soap == "1.1" else ("Sender", 400))
        assert "does not follow the contract" in fault.string
        assert "command" in fault.string

    def test_a_token_over_plain_http_is_refused_and_ims_sees_nothing(
        self, client: OutsideClient, running_gateway: RunningGateway
    ) -> None:
        before = len(running_gateway.standin.seen)
        over_http = OutsideClient(client.command, running_gateway.http_url, client.ca)
        fault = over_http.call("secure/whoami/1.1/text", ALICE).fault
        assert fault is not None
        assert (fault.code, fault.http_status) == ("Client", 500)
        assert "HTTPS" in fault.string
        assert len(running_gateway.standin.seen) == before

    def test_the_stack_verifies_the_certificate(self, client: OutsideClient, tmp_path: Path) -> None:
        stranger = testkeys.create(tmp_path).ca
        with pytest.raises(UnreachableError):
            OutsideClient(client.command, client.base_url, stranger).call("plain/whoami/1.1/none")

    def header_fault(self, reply: Reply, soap: str, expected: str) -> Fault:
        """Return the fault of a reply; it has to carry this code of WS-Security, where SOAP wants it."""
        fault = reply.fault
        assert fault is not None
        if soap == "1.1":
            assert (fault.code, fault.http_status) == (expected, 500)
        else:
            assert (fault.code, fault.http_status) == ("Sender", 400)
            assert fault.subcode == (expected if self.shows_subcode else None)
        return fault


class DigestPromises(Promises):
    """For a stack that can make a PasswordDigest."""

    @SOAP
    def test_a_password_digest_is_refused_with_the_reason(self, client: OutsideClient, soap: str) -> None:
        answered = client.call(f"secure/whoami/{soap}/digest", ALICE)
        fault = self.header_fault(answered, soap, "UnsupportedSecurityToken")
        assert "PasswordDigest is not supported" in fault.string
        assert "PasswordText" in fault.string


def untracked(fault: Fault) -> Fault:
    """Return the fault without the tracking id, which is another in every answer."""
    text, ids = re.subn(r"\b[0-9a-f]{32}\b", "", fault.string)
    assert ids == 1, "a fault has one tracking id"
    return replace(fault, string=text)


def assert_is_last1(result: dict[str, Any] | None) -> None:
    """The first entry of the phone book that IBM's installation verification program comes with."""
    assert result is not None
    assert "DISPLAYED" in result["message"]
    entry = {name: result[name] for name in ("lastName", "firstName", "extension", "zipCode")}
    assert entry == {
        "lastName": "LAST1",
        "firstName": "FIRST1",
        "extension": "8-111-1111",
        "zipCode": "D01/R01",
    }

"""Which warnings callout tells: those of what it uses, and every error."""

from types import SimpleNamespace

import pytest

from gateway.callout.concern import concerning
from gateway.errors import Problem

HOME = SimpleNamespace(
    services={"phonebook": None},
    bundles={"both": SimpleNamespace(callout=object()), "provider": SimpleNamespace(callout=None)},
)


def told(problem):
    return concerning(HOME, [problem]) == (problem,)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("gateway.toml", ""),
        ("gateway.toml", "callout"),
        ("gateway.toml", "callout.drain_seconds"),
        ("gateway.toml", "journal.truststore"),
        ("gateway.toml", "replay.password"),
        ("gateway.toml", "server.keystore"),
        ("gateway.toml", "server.keystore.password"),
        ("gateway.toml", "server.state"),
        ("bundles/both.toml", ""),
        ("bundles/both.toml", "ims_connect.tls"),
        ("bundles/both.toml", "callout.nak"),
        ("bundles/other.txt", ""),
        ("wsdl", ""),
        ("wsdl/readme", ""),
        ("wsdl/rating/correlator.toml", "security.token"),
        ("wsdl/rating/rating.wsdl", ""),
    ],
)
def test_warnings_of_what_callout_uses_are_told(file, key):
    assert told(Problem(file, key, "x", warning=True))


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("gateway.toml", "server.stop_seconds"),
        ("gateway.toml", "server.client_truststore"),
        ("gateway.toml", "admin.listen"),
        ("gateway.toml", "sign_on.failures_per_user"),
        ("bundles/provider.toml", ""),
        ("bundles/both.toml", "ims_connect.pool.size"),
        ("wsdl/phonebook/correlator.toml", "security.trust"),
        ("wsdl/phonebook/phonebook.wsdl", ""),
        ("identity/users.toml", "users.1.certificate"),
        ("/etc/users.csv", ""),
        ("", ""),
    ],
)
def test_warnings_of_others_are_not_told_but_their_errors_are(file, key):
    assert not told(Problem(file, key, "x", warning=True))
    assert told(Problem(file, key, "x"))

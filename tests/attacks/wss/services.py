"""A home with a service for every policy, and the truststores that they need."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.attacks.wss.catalogue import NOW
from tests.forge.assertions import AUDIENCE, ISSUER
from tests.forge.keys import Pki, Signer

USERS = {
    "GWUSER": {"password": "GWPASS1"},
    "ALICE": {"password": "WONDER1"},
    "BOB": {"password": "BUILDER1"},
}
_SAML = {"issuers": [ISSUER], "audiences": [AUDIENCE]}


_BY_ATTRIBUTE = r"""
[[users]]
attribute = "uid"
attribute_namespace = "urn:forge"
pattern = "([A-Z]+)"
user = '\1'
"""


def _store(name: str) -> dict[str, str]:
    return {"path": f"trust/{name}.pem"}


def policies(pki: Pki) -> dict[str, Mapping[str, Any]]:
    """Return the `[security]` table of every service with an assertion, by service."""
    senders = [pki.sender.subject, pki.sender_ec.subject]
    signed = {**_SAML, "signed": True}
    one = {**signed, "trust": "one", "truststore": _store("senders")}
    sts = {**signed, "signed_by": "sts", "trust": "one", "truststore": _store("sts"), "senders": senders}
    both = {"truststore": _store("both"), "issuer_certificates": [pki.sts.subject]}
    chain = {**signed, "trust": "chain", "truststore": _store("ca"), "senders": senders}
    found: dict[str, Mapping[str, Any]] = {}
    for version in (11, 20):
        kind = f"saml{version}"
        each: dict[str, Mapping[str, Any]] = {
            "mtls": {**_SAML, "senders": senders},
            "network": {**_SAML, "unsigned_senders": "network"},
            "one": one,
            "chain": chain,
            "any": {**signed, "trust": "any"},
            "sts": sts,
            "either": {**sts, **both, "signed_by": "either"},
        }
        found |= {f"{kind}-{name}": {"token": kind, **table} for name, table in each.items()}
    more: dict[str, Mapping[str, Any]] = {
        "sts-https": {**sts, "sts_body": "https", "senders": []},
        "sts-signed": {**sts, **both, "sts_body": "sender-signature"},
        "crl": {**chain, "crl": "trust/list.crl"},
        "stale": {**chain, "crl": "trust/stale.crl"},
        "legacy": {**one, "legacy_algorithms": True},
        "twins": {**one, "truststore": _store("twins")},
        "attribute": {**_SAML, "senders": senders, "users": {"path": "trust/users.toml"}},
        "any-tls": {**signed, "trust": "any", "senders": senders},
    }
    return found | {f"saml20-{name}": {"token": "saml20", **table} for name, table in more.items()}


def settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a `[security]` table as settings of a correlator."""
    return {f"security.{key}": value for key, value in table.items()}


def files(pki: Pki) -> list[tuple[str, str]]:
    """Return the truststores and revocation lists: path and text."""
    odd = [pki.expired, pki.future, pki.weak, pki.p192, pki.dsa, pki.encipherment, pki.critical]
    stores: dict[str, list[Signer]] = {
        "senders": [pki.sender, pki.sender_ec, pki.sts, pki.huge, pki.low_exponent, pki.md5, *odd],
        "ca": [pki.ca],
        "sts": [pki.sts],
        "both": [pki.sts, pki.sender, pki.sender_ec],
        "twins": [pki.sender, pki.sender_ec, pki.twin],
    }
    texts = [(f"trust/{name}.pem", "".join(each.pem for each in signers)) for name, signers in stores.items()]
    lists = {
        "list": pki.crl([pki.revoked], NOW - timedelta(days=1)),
        "stale": pki.crl([], NOW - timedelta(days=30)),
    }
    texts.append(("trust/users.toml", _BY_ATTRIBUTE))
    return texts + [(f"trust/{name}.crl", text) for name, text in lists.items()]


def port(service: str) -> str:
    """Return the name of a service's WSDL port, the end of its address."""
    return {"none": "LabPort", "username": "SecureLabPort"}.get(
        service, service.title().replace("-", "") + "Port"
    )


SERVICE_NAMES = ("none", "username")
"""Services of the example home beside those with an assertion."""

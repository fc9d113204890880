"""Single sign-on of the console: whether the identity provider's metadata can be used."""

from collections.abc import Iterator
from datetime import datetime

from gateway.config.catalogue import reach
from gateway.config.checks.places import GATEWAY_FILE
from gateway.config.model import Home
from gateway.errors import Problem
from gateway.tls.certificates import describe
from gateway.tls.findings import validity
from gateway.tls.identity_provider import read_identity_provider


def sso_problems(home: Home, now: datetime) -> Iterator[Problem]:
    """Name metadata that nobody could sign in by."""
    sso = home.gateway.admin.sso
    if sso is None:
        return
    try:
        provider = read_identity_provider(sso.metadata.read_bytes(), sso.provider, sso.request_binding, now)
    except (ValueError, OSError) as error:
        yield reach.SSO.at(GATEWAY_FILE, "admin.sso.metadata", str(error))
        return
    for certificate in provider.certificates:
        for kind, text in validity(describe(certificate), now):
            yield kind.at(GATEWAY_FILE, "admin.sso.metadata", text)
    if provider.wants_signed and sso.keystore is None:
        text = "is missing: the identity provider takes signed requests only"
        yield reach.SSO.at(GATEWAY_FILE, "admin.sso.keystore", text)

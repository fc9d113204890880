"""Both sides of single sign-on, as the tests of it have them."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.admin.sso.answer import Answered, believe
from gateway.admin.sso.toolkit import Partners
from gateway.clock import SYSTEM_CLOCK
from gateway.config.sso import SsoSettings
from gateway.tls.identity_provider import read_identity_provider
from tests.fixtures.identity_provider import ROLES, Answering, IdentityProvider

OURS = "https://gateway.example:9443"
REQUEST = "_" + "5" * 64
IDP = IdentityProvider()


def now() -> datetime:
    """Return the time: the toolkit goes by the machine's clock."""
    return SYSTEM_CLOCK.now().replace(microsecond=0)


def settings(**changed: Any) -> SsoSettings:
    """Return settings by which IDP signs people in."""
    values = {"role_attribute": ROLES, "operators": ("ops",), "viewers": ("lookers",), **changed}
    return SsoSettings.model_construct(**{**_defaults(), **values})


def _defaults() -> dict[str, Any]:
    fields = SsoSettings.model_fields.items()
    given = {name: field.get_default() for name, field in fields if not field.is_required()}
    return {**given, "metadata": Path("identity/idp.xml")}


def partners(provider: IdentityProvider = IDP, *, certificates: Any = (), **changed: Any) -> Partners:
    """Return both sides; `certificates` in place of the provider's own."""
    sso = settings(**changed)
    read = read_identity_provider(provider.metadata(*certificates), sso.provider, sso.request_binding, now())
    return Partners(sso, read, OURS)


def right(**changed: Any) -> Answering:
    """Return an answer in which all is right but what is changed."""
    said = Answering(REQUEST, f"{OURS}/sso/answer", f"{OURS}/sso/metadata", now=now())
    return replace(said, **changed)


def believed(said: Answering, provider: IdentityProvider = IDP, **changed: Any) -> Answered:
    """Return what is believed of an answer of a provider, where it is IDP that is trusted."""
    return believe(provider.answer(said), REQUEST, partners(**changed), now())

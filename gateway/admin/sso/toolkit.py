"""The toolkit (python3-saml), told who we are and who the identity provider is."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway import tls
from gateway.config.sso import SsoSettings
from gateway.tls.identity_provider import BINDINGS, IdentityProvider

METADATA_PATH: Final = "/sso/metadata"
ANSWER_PATH: Final = "/sso/answer"
_ANY_NAME: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(frozen=True)
class Partners:
    """Both sides of single sign-on at one moment."""

    sso: SsoSettings
    provider: IdentityProvider
    public_url: str
    """Of the admin listener, ``https://host:port``."""
    signs: bool = field(init=False)
    """Whether requests are signed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "signs", self.sso.keystore is not None)

    @property
    def entity_id(self) -> str:
        """Who we are for the provider."""
        return self.sso.entity_id or f"{self.public_url}{METADATA_PATH}"

    @property
    def answer_address(self) -> str:
        """Where the provider's answers go."""
        return f"{self.public_url}{ANSWER_PATH}"

    @cached_property
    def toolkit(self) -> Any:
        """The toolkit's settings. Raises StoreError: the key for requests cannot be read."""
        from onelogin.saml2.settings import OneLogin_Saml2_Settings  # noqa: PLC0415  takes half a second

        return OneLogin_Saml2_Settings(
            {
                "strict": True,
                "debug": False,
                "sp": {
                    "entityId": self.entity_id,
                    "assertionConsumerService": {"url": self.answer_address, "binding": BINDINGS["post"]},
                    "NameIDFormat": _ANY_NAME,
                    **self._own_key(),
                },
                "idp": {
                    "entityId": self.provider.entity_id,
                    "singleSignOnService": {
                        "url": self.provider.address,
                        "binding": BINDINGS[self.sso.request_binding],
                    },
                    "x509certMulti": {"signing": [_pem(one) for one in self.provider.certificates]},
                },
                "security": {
                    "authnRequestsSigned": self.signs,
                    "wantAssertionsSigned": True,
                    "wantAttributeStatement": False,
                    "wantNameId": not self.sso.user_attribute,
                    "requestedAuthnContext": False,
                    "rejectDeprecatedAlgorithm": True,
                    "allowRepeatAttributeName": False,
                },
            }
        )

    def request_data(self) -> dict[str, str]:
        """Return how the browser sees us, as the toolkit wants to be told."""
        return {
            "https": "on",
            "http_host": self.public_url.removeprefix("https://"),
            "script_name": "",
            "path_info": ANSWER_PATH,
        }

    def _own_key(self) -> dict[str, str]:
        if self.sso.keystore is None:
            return {}
        material = tls.read_keystore(self.sso.keystore)
        key = material.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return {"privateKey": key, "x509cert": _pem(material.certificate)}


def _pem(certificate: Any) -> str:
    return str(certificate.public_bytes(Encoding.PEM).decode())

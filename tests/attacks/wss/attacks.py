"""All attacks, in the order of the table."""

from collections.abc import Iterator
from itertools import chain

from tests.attacks.wss.algorithms import algorithms
from tests.attacks.wss.catalogue import Attack
from tests.attacks.wss.certificates import certificates
from tests.attacks.wss.documents import documents
from tests.attacks.wss.envelopes import envelopes
from tests.attacks.wss.freshness import freshness
from tests.attacks.wss.identity import identity
from tests.attacks.wss.keys import keys
from tests.attacks.wss.purpose import purpose
from tests.attacks.wss.redirecting import redirecting
from tests.attacks.wss.saml_wrapping import saml_wrapping
from tests.attacks.wss.shapes import shapes
from tests.attacks.wss.tokens import tokens
from tests.attacks.wss.transforms import transforms_and_addresses
from tests.attacks.wss.usernames import usernames
from tests.attacks.wss.wrapping import wrapping

SECTIONS = {
    "Signature wrapping": (wrapping, redirecting, saml_wrapping),
    "Features of XML Signature": (transforms_and_addresses, algorithms, shapes),
    "Keys and certificates": (keys, tokens, certificates),
    "Identity and parsing": (identity, usernames),
    "Documents and headers": (documents, envelopes),
    "Freshness, replay and purpose": (freshness, purpose),
}


def attacks() -> Iterator[Attack]:
    """Yield every attack."""
    return chain.from_iterable(source() for sources in SECTIONS.values() for source in sources)


ATTACKS = {each.name: each for each in attacks()}

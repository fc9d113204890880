"""Metadata of an identity provider: what is read of it, and what cannot be signed in by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tls.identity_provider import read_identity_provider
from gateway.tls.metadata import MetadataError
from tests.fixtures.certificates import NOW, issue, key_of_kind
from tests.fixtures.identity_provider import MD, IdentityProvider

IDP = IdentityProvider()


def read(data, entity="", binding="redirect"):
    return read_identity_provider(data, entity, binding, NOW)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_who_it_is_and_where_it_is_asked_is_read(binding):
    provider = read(IDP.metadata(), binding=binding)
    assert (provider.entity_id, provider.address) == (IDP.entity_id, IDP.address)
    assert provider.certificates == (IDP.holder.certificate,)
    assert not provider.wants_signed


def test_it_is_read_whether_it_wants_signed_requests():
    assert read(IDP.metadata(WantAuthnRequestsSigned="true")).wants_signed


def test_of_several_entities_the_one_that_is_named_is_taken():
    other = IdentityProvider("https://other.example/", "https://other.example/sso")
    both = b'<m:EntitiesDescriptor xmlns:m="%s">%s%s</m:EntitiesDescriptor>' % (
        MD.encode(),
        IDP.metadata(),
        other.metadata(),
    )
    assert read(both, other.entity_id).address == other.address
    with pytest.raises(MetadataError, match="several"):
        read(both)
    with pytest.raises(MetadataError, match="no identity provider urn:x"):
        read(both, "urn:x")


def test_keys_of_other_roles_do_not_count():
    """An attribute authority of the same entity may not sign people in."""
    authority = issue("authority")
    alone = IDP.metadata().decode()
    inner = IDP.metadata(authority.certificate, role="AttributeAuthorityDescriptor").decode()
    role = inner[inner.index("<md:AttributeAuthority") : inner.index("</md:EntityDescriptor>")]
    whole = alone.replace("</md:EntityDescriptor>", f"{role}</md:EntityDescriptor>")
    assert read(whole.encode()).certificates == (IDP.holder.certificate,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "XML"),
        (b"<a/>", "no identity provider"),
        (IDP.metadata(role="SPSSODescriptor"), "no identity provider"),
        (IDP.metadata().replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), "no identity provider"),
        (IDP.metadata().replace(b"https://idp.example/sso", b"http://idp.example/sso"), "HTTPS"),
        (IDP.metadata().replace(b"https://idp.example/sso", b"javascript:alert(1)//"), "HTTPS"),
        (IDP.metadata().replace(b"HTTP-Redirect", b"SOAP"), "no address for the binding redirect"),
        (IDP.metadata(issue("weak", key=key_of_kind("rsa-1024")).certificate), "RSA of 1024"),
        (IDP.metadata(issue("dsa", key=key_of_kind("dsa")).certificate), "kind"),
        (IDP.metadata().replace(b'use="signing"', b'use="encryption"'), "no certificate"),
        (IDP.metadata().replace(b"entityID=", b'validUntil="2020-01-01T00:00:00Z" entityID='), "valid until"),
        (b"<!DOCTYPE a>" + IDP.metadata(), "document type"),
    ],
)
def test_what_nobody_could_sign_in_by_is_refused_with_the_reason(data, reason):
    with pytest.raises(MetadataError, match=reason):
        read(data)


@given(st.binary(max_size=200), st.integers(0, 1000))
def test_no_bytes_do_more_than_be_refused(data, place):
    whole = IDP.metadata()
    for sent in (data, whole[:place] + data + whole[place:]):
        try:
            read(sent)
        except MetadataError:
            pass

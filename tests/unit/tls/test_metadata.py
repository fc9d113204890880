import base64
from datetime import timedelta

import pytest

from gateway.tls.metadata import MetadataError, read_metadata
from tests.fixtures.certificates import DAY, NOW, issue

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
SPACES = (
    f'xmlns="{MD}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"'
)
PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'


def key(holder, use="signing"):
    use = f' use="{use}"' if use else ""
    return f"<KeyDescriptor{use}>{key_info(base64.encodebytes(holder.der).decode())}</KeyDescriptor>"


def key_info(text):
    inside = f"<ds:X509Data><ds:X509Certificate>\n{text}</ds:X509Certificate></ds:X509Data>"
    return f"<ds:KeyInfo>{inside}</ds:KeyInfo>"


def group(*entities, more=""):
    return f"<EntitiesDescriptor {SPACES} {more}>{''.join(entities)}</EntitiesDescriptor>"


def provider(*keys):
    sso = (
        '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        'Location="https://idp.example/sso"/>'
    )
    return f"<IDPSSODescriptor {PROTOCOL}>{''.join(keys)}{sso}</IDPSSODescriptor>"


def token_service(*keys, kind="fed:SecurityTokenServiceType"):
    return f'<RoleDescriptor xsi:type="{kind}" {PROTOCOL}>{"".join(keys)}</RoleDescriptor>'


def entity(*roles, entity_id="https://idp.example", more="", spaces=SPACES):
    return f'<EntityDescriptor {spaces} entityID="{entity_id}" {more}>{"".join(roles)}</EntityDescriptor>'


def read(text, now=NOW):
    return read_metadata(text.encode(), now)


def certificates(text):
    [issuer] = read(text)
    return list(issuer.certificates)


@pytest.fixture(scope="module")
def one():
    return issue("one")


@pytest.fixture(scope="module")
def two():
    return issue("two")


def test_the_signing_certificates_of_an_identity_provider_are_read_with_its_id(one, two):
    [issuer] = read(entity(provider(key(one), key(two))))
    assert issuer.entity_id == "https://idp.example"
    assert issuer.certificates == (one.certificate, two.certificate)
    assert certificates(entity(provider(key(one)))) == [one.certificate]
    assert certificates(entity(provider(key(one), key(one)))) == [one.certificate]


def test_a_key_for_any_use_signs_too(one, two):
    assert certificates(entity(provider(key(one, use="")))) == [one.certificate]
    assert certificates(entity(provider(key(one), key(two, use="")))) == [one.certificate, two.certificate]


def test_keys_for_encryption_are_never_taken_as_keys_for_signing(one, two):
    assert certificates(entity(provider(key(one), key(two, use="encryption")))) == [one.certificate]
    assert certificates(entity(provider(key(two, use="encryption"), key(one)))) == [one.certificate]
    with pytest.raises(MetadataError, match="names no certificate for signing"):
        read(entity(provider(key(two, use="encryption"))))
    with pytest.raises(MetadataError, match="names no certificate for signing"):
        read(entity(token_service(key(two, use="encryption"))))


def test_token_services_and_authorities_are_issuers_too(one, two):
    assert certificates(entity(token_service(key(one)))) == [one.certificate]
    both = entity(token_service(key(one)), provider(key(one), key(two)))
    assert certificates(both) == [one.certificate, two.certificate]
    authority = f"<AttributeAuthorityDescriptor {PROTOCOL}>{key(one)}</AttributeAuthorityDescriptor>"
    assert certificates(entity(authority)) == [one.certificate]


def test_who_only_takes_assertions_is_no_issuer(one):
    service = f"<SPSSODescriptor {PROTOCOL}>{key(one)}</SPSSODescriptor>"
    application = token_service(key(one), kind="fed:ApplicationServiceType")
    for role in (service, application):
        with pytest.raises(MetadataError, match="nobody who issues assertions"):
            read(entity(role))


def test_a_group_gives_every_issuer_in_it(one, two):
    inner = entity(provider(key(two)), entity_id="https://b.example", spaces="")
    outer = entity(provider(key(one)), entity_id="https://a.example", spaces="")
    both = read(group(outer, group(inner)))
    found = {issuer.entity_id: issuer.certificates for issuer in both}
    assert found == {"https://a.example": (one.certificate,), "https://b.example": (two.certificate,)}


def test_metadata_past_its_time_is_refused(one):
    until = (NOW + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = entity(provider(key(one)), more=f'validUntil="{until}"')
    assert read(text, NOW + DAY - timedelta(seconds=1))
    with pytest.raises(MetadataError, match="valid until"):
        read(text, NOW + DAY)
    old = group(entity(provider(key(one))), more=f'validUntil="{until}"')
    with pytest.raises(MetadataError, match="valid until"):
        read(old, NOW + DAY)
    with pytest.raises(MetadataError, match="no time"):
        read(entity(provider(key(one)), more='validUntil="soon"'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not XML",
        "<a/>",
        f'<x:Other xmlns:x="{MD}"/>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        f'<EntityDescriptor xmlns="{MD}" entityID="x"/>',
    ],
)
def test_what_is_no_metadata_is_refused(text):
    with pytest.raises(MetadataError):
        read(text)


def test_an_entity_without_an_id_and_a_damaged_certificate_are_refused(one):
    with pytest.raises(MetadataError, match="without entityID"):
        read(entity(provider(key(one)), entity_id=""))
    damaged = entity(provider(key(one))).replace("MII", "!!!")
    with pytest.raises(MetadataError, match="cannot be read"):
        read(damaged)
    short = entity(token_service(f"<KeyDescriptor>{key_info('MIIB')}</KeyDescriptor>"))
    with pytest.raises(MetadataError, match="cannot be read"):
        read(short)

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import ConfigError
from gateway.standin.saf_certificates import CertificateFilter, CertificateUsers


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example", organization_unit_name="Trust")


@pytest.fixture(scope="module")
def certificate(authority) -> x509.Certificate:
    made = authority.issue_cert(
        "alice@example.com", common_name="Alice", organization_name="Example", organization_unit_name="Sales"
    )
    return x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes())


def exact(certificate: x509.Certificate) -> str:
    return f"sha256:{certificate.fingerprint(SHA256()).hex()}"


class TestFilter:
    @pytest.mark.parametrize(
        "text",
        [
            "subject:CN=Alice,OU=Sales,O=Example",
            "subject:OU=Sales,O=Example",
            "subject:O=Example",
            "issuer:OU=Trust, O=Example",
            "subject:OU=Sales, O=Example issuer:O=Example",
        ],
    )
    def test_the_general_end_of_a_name_suffices(self, certificate, text):
        assert CertificateFilter.parse(text).matches(certificate)

    @pytest.mark.parametrize(
        "text",
        [
            "subject:CN=Alice",
            "subject:OU=Sales",
            "subject:OU=Other,O=Example",
            "subject:CN=Bob,OU=Sales,O=Example",
            "issuer:OU=Sales,O=Example",
            "subject:O=Example issuer:O=Other",
            "sha256:" + "0" * 64,
        ],
    )
    def test_anything_else_does_not(self, certificate, text):
        assert not CertificateFilter.parse(text).matches(certificate)

    def test_an_exact_certificate_is_given_by_its_fingerprint(self, certificate):
        assert CertificateFilter.parse(exact(certificate)).matches(certificate)
        assert CertificateFilter.parse("sha256:" + exact(certificate)[7:].upper()).matches(certificate)

    @pytest.mark.parametrize("text", ["", "CN=Alice", "subject:", "issuer:", "sha256:00", "subject:Alice"])
    def test_what_is_no_filter_is_refused(self, text):
        with pytest.raises(ValueError, match=r"."):
            CertificateFilter.parse(text)


class TestUsers:
    @pytest.mark.parametrize(
        ("better", "worse"),
        [
            ("exact", "subject:CN=Alice,OU=Sales,O=Example issuer:OU=Trust,O=Example"),
            ("subject:O=Example issuer:O=Example", "subject:CN=Alice,OU=Sales,O=Example"),
            ("subject:CN=Alice,OU=Sales,O=Example", "subject:OU=Sales,O=Example"),
            ("subject:O=Example", "issuer:OU=Trust,O=Example"),
        ],
    )
    def test_the_filter_that_says_most_wins(self, certificate, better, worse):
        better = exact(certificate) if better == "exact" else better
        for filters in ({"ALICE": [better], "BOB": [worse]}, {"BOB": [worse], "ALICE": [better]}):
            assert CertificateUsers(filters).user_of(certificate) == "ALICE"

    def test_a_certificate_may_be_nobodys(self, certificate):
        assert CertificateUsers({"BOB": ["subject:O=Other"]}).user_of(certificate) == ""
        assert CertificateUsers({}).user_of(certificate) == ""

    def test_a_filter_has_one_user(self):
        with pytest.raises(ConfigError, match=r"users\.BOB\.certificates: .* is already ALICE's"):
            CertificateUsers({"ALICE": ["subject:O=Example"], "BOB": ["subject:o=Example"]})

"""Which IMS Connect the commands go to, and as whom: options, bundles, TLS, passwords."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)

from tests.fixtures.pki import PASSWORD
from tests.fixtures.standin import USERS

WHOAMI = ("WHOAMI", "x")
PASSTICKET_KEY = "E001193519561977"


def bundle(folder, port, more=""):
    (folder / "bundles").mkdir(exist_ok=True)
    (folder / "bundles/test.toml").write_text(
        f'[ims_connect]\nhost = "127.0.0.1"\nport = {port}\ndatastore = "IMS1"\n'
        f'[credentials]\nuser = "GWUSER"\npassword = {{ env = "BUNDLE_PASSWORD" }}\n{more}'
    )
    return ("--bundle", "test", "--home", folder)


class TestBundle:
    def test_its_address_and_credentials_are_taken_and_no_other_file_is_read(self, imsgw, lab, tmp_path):
        options = bundle(tmp_path, lab.port)
        result = imsgw("ims", "send", *WHOAMI, *options, BUNDLE_PASSWORD="GWPASS1")
        assert result.exit_code == 0
        assert "USER=GWUSER" in result.stdout

    def test_the_home_may_come_from_the_environment(self, imsgw, lab, tmp_path):
        bundle(tmp_path, lab.port)
        variables = {"BUNDLE_PASSWORD": "GWPASS1", "IMSGW_HOME": str(tmp_path)}
        assert imsgw("ims", "send", *WHOAMI, "--bundle", "test", **variables).exit_code == 0

    def test_another_user_may_sign_on(self, imsgw, lab, tmp_path):
        options = (*bundle(tmp_path, lab.port), "--user", "ALICE")
        variables = {"BUNDLE_PASSWORD": "GWPASS1", "IMSGW_IMS_PASSWORD": "WONDER1"}
        assert "USER=ALICE" in imsgw("ims", "send", *WHOAMI, *options, **variables).stdout

    def test_mistakes_in_it_are_named(self, imsgw, tmp_path):
        options = bundle(tmp_path, 1)
        result = imsgw("ims", "ping", *options)
        assert result.exit_code == 1
        assert (
            "bundles/test.toml: credentials.password: environment variable BUNDLE_PASSWORD is not set"
            in result.stderr.splitlines()
        )

    def test_one_that_is_not_there_is_named(self, imsgw, tmp_path):
        result = imsgw("ims", "ping", "--bundle", "none", "--home", tmp_path)
        assert (result.exit_code, "bundles/none.toml" in result.stderr) == (1, True)

    @pytest.mark.parametrize(
        "option",
        [
            ("--host", "elsewhere"),
            ("--port", "1"),
            ("--datastore", "IMS2"),
            ("--exit", "HWSSMPL0"),
            ("--tls",),
            ("--server-name", "x"),
        ],
    )
    def test_what_it_says_is_not_said_again(self, imsgw, lab, tmp_path, option):
        options = bundle(tmp_path, lab.port)
        result = imsgw("ims", "ping", *options, *option, BUNDLE_PASSWORD="GWPASS1")
        assert result.exit_code == 2
        assert "the bundle says it already" in result.stderr
        assert option[0] in result.stderr

    def test_every_address_of_it_is_pinged(self, imsgw, lab, tmp_path, free_port):
        (tmp_path / "bundles").mkdir()
        hosts = f'hosts = ["127.0.0.1:{lab.port}", "127.0.0.1:{free_port}"]'
        (tmp_path / "bundles/two.toml").write_text(f'[ims_connect]\n{hosts}\ndatastore = "IMS1"\n')
        result = imsgw("ims", "ping", "--bundle", "two", "--home", tmp_path, "--json")
        assert result.exit_code == 1
        rows = json.loads(result.stdout)["endpoints"]
        assert [bool(row["answer"]) for row in rows] == [True, False]

    @pytest.fixture
    def by_ticket(self, standin_factory, tmp_path):
        """Options to sign BOB on by PassTicket."""
        standin = standin_factory(
            ims_connect={"racf": True, "application": "IMSAPPL"},
            users=USERS,
            passtickets={"IMSAPPL": {"key": PASSTICKET_KEY}},
        )
        key = f'[passticket]\napplication = "IMSAPPL"\nkey = "{PASSTICKET_KEY}"\n'
        return (*bundle(tmp_path, standin.port, key), "--user", "bob", "--passticket")

    def test_a_passticket_is_made_with_its_key(self, imsgw, by_ticket):
        result = imsgw("ims", "send", *WHOAMI, *by_ticket, BUNDLE_PASSWORD="GWPASS1")
        assert result.exit_code == 0, result.output
        assert "USER=BOB" in result.stdout

    def test_each_step_has_a_passticket_of_its_own_as_racf_takes_one_only_once(self, imsgw, by_ticket):
        said = {"typed": "a\nb\nEND\n", "BUNDLE_PASSWORD": "GWPASS1"}
        result = imsgw("ims", "converse", "CONVERSE", "x", *by_ticket, **said)
        assert result.exit_code == 0, result.output

    def test_without_a_key_there_is_no_passticket(self, imsgw, lab, tmp_path):
        options = (*bundle(tmp_path, lab.port), "--passticket")
        assert imsgw("ims", "send", "ECHO", *options, BUNDLE_PASSWORD="GWPASS1").exit_code == 2
        assert imsgw("ims", "send", "ECHO", "--passticket").exit_code == 2


class TestPasswords:
    def test_a_file_s_first_line(self, ims, tmp_path):
        (tmp_path / "password").write_text("GWPASS1\nnot this\n")
        options = ("--password-file", tmp_path / "password")
        assert ims("send", *WHOAMI, *options, IMSGW_IMS_PASSWORD=None).exit_code == 0

    def test_standard_input(self, ims):
        options = ("--password-file", "-")
        assert ims("send", *WHOAMI, *options, typed="GWPASS1\n", IMSGW_IMS_PASSWORD=None).exit_code == 0

    def test_a_prompt_that_does_not_show_it(self, ims):
        result = ims("send", *WHOAMI, typed="GWPASS1\n", IMSGW_IMS_PASSWORD=None)
        assert (result.exit_code, "Password of GWUSER" in result.stderr) == (0, True)
        assert "GWPASS1" not in result.output

    def test_none_where_racf_is_off(self, imsgw, standin):
        options = ("--port", standin.port, "--user", "ANYBODY", "--no-password")
        assert "USER=ANYBODY" in imsgw("ims", "send", *WHOAMI, *options).stdout

    @pytest.mark.parametrize("content", [None, "", "\nGWPASS1\n"])
    def test_a_file_without_one_is_wrong_usage(self, ims, tmp_path, content):
        if content is not None:
            (tmp_path / "password").write_text(content)
        assert ims("send", *WHOAMI, "--password-file", tmp_path / "password").exit_code == 2

    @pytest.mark.parametrize(
        "options", [("--group", "G"), ("--application", "A"), ("--password-file", "x")], ids=lambda o: o[0]
    )
    def test_what_belongs_to_a_user_needs_one(self, ims, options):
        result = ims("send", *WHOAMI, *options, user="")
        assert (result.exit_code, "needs --user" in result.stderr) == (2, True)

    def test_a_password_that_racf_cannot_have_is_not_sent(self, ims, lab):
        result = ims("send", *WHOAMI, IMSGW_IMS_PASSWORD="much-too-long")
        assert result.exit_code == 1
        assert "nothing was sent" in result.stderr
        assert "much-too-long" not in result.output
        assert lab.seen == ()


@pytest.mark.parametrize("exit_name", ["HWSSMPL0", "HWSSMPL1", "HWSSOAP1"])
def test_every_exit_may_be_talked_to(ims, lab, exit_name):
    assert ims("send", "ECHO", "x", "--exit", exit_name).stdout == "x\n"
    assert lab.seen[-1].exit.name == exit_name


@pytest.mark.parametrize("value", ["0", "-1", "3600001", "soon", "1.5"])
def test_a_timeout_that_cannot_be_said_is_wrong_usage(ims, lab, value):
    assert ims("send", "ECHO", "x", f"--timeout={value}").exit_code == 2
    assert lab.seen == ()


@pytest.mark.parametrize(("value", "code"), [("default", 0x00), ("forever", 0xFF), ("1000", 0x28)])
def test_the_timeout_is_what_the_irm_says(ims, lab, value, code):
    assert ims("send", "ECHO", "x", "--timeout", value).exit_code == 0
    assert lab.seen[-1].timer == code


class TestTls:
    @pytest.fixture
    def files(self, pki, tmp_path):
        """Our key and certificate as two PEM files; the key is encrypted."""
        store = pkcs12.load_pkcs12(pki.keys.client.read_bytes(), PASSWORD.reveal().encode())
        assert store.key
        assert store.cert
        (tmp_path / "client.crt").write_bytes(store.cert.certificate.public_bytes(Encoding.PEM))
        secret = BestAvailableEncryption(b"key-password")
        (tmp_path / "client.key").write_bytes(
            store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
        )
        return tmp_path

    @pytest.fixture
    def secured(self, imsgw, standin_factory, pki):
        server = {"path": str(pki.keys.server), "password": PASSWORD.reveal()}

        def ping(*options, clients=False, **variables):
            tls = {"keystore": server, **({"client_truststore": {"path": str(pki.keys.ca)}} if clients else {})}
            port = standin_factory(ims_connect={"tls": tls}).port
            return imsgw("ims", "ping", "--host", "localhost", "--port", port, *options, **variables)

        return ping

    def test_the_authority_is_checked(self, secured, pki):
        assert secured("--ca", pki.keys.ca).exit_code == 0
        for options in (("--tls",), ("--ca", pki.other.ca)):
            result = secured(*options)
            assert (result.exit_code, "certificate refused" in result.stderr) == (1, True)

    def test_the_name_is_checked(self, secured, pki):
        result = secured("--ca", pki.keys.ca, "--server-name", "ims.example.com")
        assert (result.exit_code, "certificate refused" in result.stderr) == (1, True)

    def test_plain_bytes_are_not_answered(self, secured):
        assert secured("--socket-timeout", 2000).exit_code == 1

    def test_a_key_store_is_shown_where_a_client_certificate_is_demanded(self, secured, pki):
        options = ("--ca", pki.keys.ca, "--cert", pki.keys.client)
        password = {"IMSGW_IMS_KEY_PASSWORD": PASSWORD.reveal()}
        assert secured(*options, clients=True, **password).exit_code == 0
        assert secured(*options, clients=True, typed=f"{PASSWORD.reveal()}\n").exit_code == 0
        assert secured("--ca", pki.keys.ca, clients=True).exit_code == 1

    def test_certificate_and_key_may_be_two_files(self, secured, pki, files):
        options = ("--ca", pki.keys.ca, "--cert", files / "client.crt", "--key", files / "client.key")
        assert secured(*options, clients=True, IMSGW_IMS_KEY_PASSWORD="key-password").exit_code == 0
        wrong = secured(*options, clients=True, IMSGW_IMS_KEY_PASSWORD="wrong")
        assert (wrong.exit_code, "wrong" in wrong.stderr) == (2, True)

    def test_a_key_needs_its_certificate(self, secured, files):
        assert secured("--key", files / "client.key").exit_code == 2

    def test_a_store_that_is_none_is_named(self, secured, tmp_path):
        (tmp_path / "ca.pem").write_text("nonsense")
        result = secured("--ca", tmp_path / "ca.pem")
        assert (result.exit_code, "ca.pem" in result.stderr) == (2, True)

"""Modes, mounts and stores that nobody needs; the home is `homes.make`'s, with keys where a test wants some."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.admin import AdminSettings
from gateway.config.model import KeyStore
from gateway.config.read import read_home
from gateway.exchange import Secret
from gateway.preflight import files
from tests.unit.preflight.homes import make

ENVIRON = {"IMS1_PASSWORD": "GWPASS1"}


@pytest.fixture
def home(tmp_path):
    folder = make(tmp_path / "home")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o750 if path.is_dir() else 0o640)
    return folder


def read(home):
    return read_home(home, environ=ENVIRON)


def lines(problems):
    return [(each.file, each.key, each.text, each.check) for each in problems]


def with_gateway(home, **parts):
    return replace(home, gateway=home.gateway.model_copy(update=parts))


# -- who may change it


def test_files_of_their_owner_and_group_are_in_order(home):
    assert lines(files.writable(read(home))) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (".", "gateway.toml"),
        ("gateway.toml", "gateway.toml"),
        ("bundles", "bundles"),
        ("bundles/ims1.toml", "bundles"),
        ("wsdl", "wsdl"),
        ("wsdl/rating", "wsdl"),
        ("wsdl/rating/correlator.toml", "wsdl"),
        ("wsdl/rating/rating.wsdl", "wsdl"),
    ],
)
def test_what_every_user_may_change_is_named(home, path, place):
    (home / path).chmod(0o777)
    ((file, key, text, check),) = lines(files.writable(read(home)))
    assert (file, key, check) == (place, "", "files.writable")
    assert (path if path != "." else str(home)) in text


def test_many_such_files_are_one_line_a_folder(home):
    for path in (home / "wsdl").rglob("*"):
        path.chmod(0o666 if path.is_file() else 0o777)
    ((file, _, text, _),) = lines(files.writable(read(home)))
    assert file == "wsdl"
    assert text.endswith("and 2 more")


def test_a_folder_with_the_sticky_bit_is_in_order_as_volumes_of_secrets_have_it(home):
    (home / "bundles").chmod(0o1777)
    assert lines(files.writable(read(home))) == []


# -- who may read it


@pytest.mark.parametrize(
    ("mode", "content", "told"),
    [
        (0o644, b"-----BEGIN PRIVATE KEY-----\n", True),
        (0o604, b"# ours\n-----BEGIN RSA PRIVATE KEY-----\n", True),
        (0o644, b"-----BEGIN EC PRIVATE KEY-----\n", True),
        (0o640, b"-----BEGIN PRIVATE KEY-----\n", False),
        (0o644, b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", False),
        (0o644, b"-----BEGIN CERTIFICATE-----\n", False),
    ],
)
def test_a_private_key_in_clear_that_everybody_can_read_is_named_and_not_shown(home, mode, content, told):
    path = home / "key.pem"
    path.write_bytes(content + b"M4RK3R")
    path.chmod(mode)
    store = KeyStore.model_construct(path=path, password=Secret(""))
    whole = read(home)
    server = whole.gateway.server.model_copy(update={"keystore": store})
    found = lines(files.readable_keys(with_gateway(whole, server=server)))
    assert [(each[1], each[3]) for each in found] == ([("server.keystore", "secrets.readable")] if told else [])
    assert "M4RK3R" not in str(found)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"bind_password": "M4RK3R"}, ["bind_password"]),
        ({"apiKey": "M4RK3R", "client_secret": "M4RK3R"}, ["apiKey", "client_secret"]),
        ({"bind_password": Secret("M4RK3R")}, []),
        ({"bind_password": "", "url": "https://a", "password_attribute": "x"}, []),
        (None, []),
    ],
)
def test_secrets_in_clear_among_the_options_of_a_module_are_named_and_not_shown(home, options, keys):
    whole = read(home)
    consumer = whole.consumers["rating"]
    security = consumer.settings.security.model_copy(update={"authenticator_options": options})
    settings = consumer.settings.model_copy(update={"security": security})
    found = list(
        files.literal_options(replace(whole, consumers={"rating": replace(consumer, settings=settings)}))
    )
    assert [each.key.rpartition(".")[2] for each in found] == keys
    assert {each.check for each in found} <= {"secrets.literal"}
    assert "M4RK3R" not in str(found)


# -- what nobody needs


def test_stores_that_nothing_names_are_one_line(home):
    (home / "keystores").mkdir()
    for name in ("a.p12", "b.pem", "used.pem", "linked.pem", "README.md", "partner.key", "c.JKS"):
        (home / "keystores" / name).touch()
    (home / "keystores" / "..data").symlink_to("linked.pem")
    bundle = home / "bundles/ims1.toml"
    stores = 'truststore = { path = "keystores/used.pem" }\nkeystore = { path = "keystores/..data" }\n'
    bundle.write_text(bundle.read_text() + stores)
    ((file, _, text, check),) = lines(files.unused_stores(read(home)))
    assert (file, check) == ("keystores", "unused.store")
    assert text == "nothing here names a.p12, b.pem, c.JKS"


def test_a_truststore_in_the_options_of_a_module_is_named(home):
    (home / "keystores").mkdir()
    (home / "keystores/ldap.pem").touch()
    correlator = home / "wsdl/rating/correlator.toml"
    options = 'authenticator = "a.b:C"\nauthenticator_options = { tls = [{ path = "keystores/ldap.pem" }] }\n'
    correlator.write_text(f"{correlator.read_text()}\n[security]\n{options}")
    assert lines(files.unused_stores(read(home))) == []


def test_a_folder_that_is_a_truststore_uses_all_its_files(home):
    (home / "keystores").mkdir()
    (home / "keystores/ca.pem").touch()
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text() + 'truststore = { path = "keystores" }\n')
    assert lines(files.unused_stores(read(home))) == []


def test_a_home_without_keystores_has_none_that_are_unused(home):
    assert lines(files.unused_stores(read(home))) == []


# -- where the state is


MOUNTS = """22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
25 22 0:22 / /dev/shm rw,nosuid - tmpfs tmpfs rw
26 22 0:23 / /srv/nfs rw shared:5 master:1 - nfs4 server:/export rw
27 22 0:24 / /srv/nfs/local rw - xfs /dev/sdb rw
28 22 0:25 / /srv/with\\040blank rw - tmpfs tmpfs rw
29 22 0:26 / /srv/twice rw - tmpfs tmpfs rw
30 22 0:27 / /srv/twice rw - btrfs /dev/sdc rw
31 22 0:28 / /srv/bucket rw - fuse.s3fs s3fs rw
"""


@pytest.fixture
def mounts(tmp_path):
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/imsgw", "ext4"),
        ("/dev/shm/imsgw", "tmpfs"),
        ("/dev/shmoo", "ext4"),
        ("/srv/nfs/state", "nfs4"),
        ("/srv/nfs/local/state", "xfs"),
        ("/srv/with blank/state", "tmpfs"),
        ("/srv/twice/state", "btrfs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_longest_mount_above_it(mounts, path, kind):
    assert files.file_system(Path(path), mounts) == kind


def test_where_the_system_does_not_tell_nothing_is_known(tmp_path):
    assert files.file_system(tmp_path, tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("state", "requests", "journal", "check"),
    [
        ("/dev/shm/state", "asynchronous", "sqlite", "state.volatile"),
        ("/dev/shm/state", "both", "sqlite", "state.volatile"),
        ("/dev/shm/state", "synchronous", "sqlite", None),
        ("/dev/shm/state", "both", "postgresql://gw@localhost/journal", None),
        ("/srv/nfs/state", "synchronous", "sqlite", "state.network"),
        ("/srv/bucket/state", "synchronous", "sqlite", "state.network"),
        ("/var/lib/imsgw", "both", "sqlite", None),
    ],
)
def test_a_state_in_memory_or_on_the_network_is_named_where_it_matters(
    home, mounts, state, requests, journal, check
):
    whole = read(home)
    callout = whole.bundles["ims1"].callout.model_copy(update={"requests": requests})
    bundle = whole.bundles["ims1"].model_copy(update={"callout": callout})
    settings = whole.gateway.journal.model_copy(update={"store": journal})
    whole = replace(with_gateway(whole, journal=settings), state=Path(state), bundles={"ims1": bundle})
    assert [each.check for each in files.state_folder(whole, mounts)] == ([check] if check else [])


# -- who signs in


@pytest.mark.parametrize(
    ("listen", "there", "told"),
    [
        ("127.0.0.1:9443", False, False),
        ("[::1]:9443", False, False),
        ("localhost:9443", False, False),
        ("", False, False),
        ("0.0.0.0:9443", False, True),
        ("[::]:9443", False, True),
        ("10.1.2.3:9443", False, True),
        ("0.0.0.0:9443", True, False),
    ],
)
def test_an_admin_listener_for_others_wants_accounts(home, listen, there, told):
    if there:
        (home / "identity").mkdir()
        (home / "identity/admin.toml").touch()
    whole = with_gateway(read(home), admin=AdminSettings(listen=listen))
    found = lines(files.admin_accounts(whole))
    assert [each[3] for each in found] == (["admin.public"] if told else [])
    assert all(listen in each[2] for each in found)

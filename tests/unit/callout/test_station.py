"""The way to an IMS is made anew when its bundle says something else, or a store has another content."""

import pytest

from gateway.bundles import stores_of
from gateway.callout.station import Way
from gateway.clock import SYSTEM_CLOCK
from gateway.config.bundle import Bundle
from gateway.imsconnect import ConnectionSettings, Credentials
from gateway.observe.logs import PathLog


def bundle(trust, key, **ims_connect):
    return Bundle.model_validate(
        {
            "ims_connect": {
                "host": "ims.example",
                "port": 9999,
                "datastore": "IMS1",
                "tls": {"truststore": {"path": trust}, "keystore": {"path": key}},
                **ims_connect,
            }
        }
    )


def way(said):
    settings = ConnectionSettings.to("127.0.0.1", 1, "IMS1")
    return Way(said, settings, Credentials(), SYSTEM_CLOCK, PathLog(), stores_of(said))


@pytest.fixture
def stores(tmp_path):
    trust, key = tmp_path / "trust", tmp_path / "key.pem"
    trust.mkdir()
    (trust / "ca.pem").write_text("an authority")
    key.write_text("a key")
    return trust, key


def test_what_is_the_same_fits(stores):
    trust, key = stores
    one = way(bundle(*stores))
    key.write_text("a key")
    assert one.fits(bundle(*stores))
    assert trust.exists()


def test_another_bundle_does_not(stores):
    assert not way(bundle(*stores)).fits(bundle(*stores, datastore="IMS2"))


@pytest.mark.parametrize(
    "change",
    [
        lambda _trust, key: key.write_text("renewed"),
        lambda _trust, key: key.unlink(),
        lambda trust, _key: (trust / "ca.pem").write_text("renewed"),
        lambda trust, _key: (trust / "another.pem").write_text("an authority"),
        lambda trust, _key: (trust / "ca.pem").rename(trust / "old.pem"),
        lambda trust, _key: (trust / "ca.pem").unlink(),
    ],
    ids=["key", "no key", "authority", "another authority", "another name", "no authority"],
)
def test_a_store_with_another_content_does_not(stores, change):
    said = bundle(*stores)
    one = way(said)
    change(*stores)
    assert not one.fits(said)


def test_without_tls_there_is_nothing_to_look_at():
    said = Bundle.model_validate({"ims_connect": {"host": "a", "port": 1, "datastore": "IMS1"}})
    assert stores_of(said) == ()
    assert way(said).fits(said)

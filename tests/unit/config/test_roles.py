import pytest

from gateway.config.model import (
    ConsumerOperation,
    ConsumerSecurity,
    ConsumerSettings,
    OperationSettings,
    ProviderSettings,
    RetrySettings,
    SecuritySettings,
)
from gateway.config.roles import is_consumer, role_of_key


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"role": "consumer"}, True),
        ({"role": "consumer", "bundle": "ims1"}, True),
        ({"role": "provider", "bundles": ["ims1"]}, False),
        ({"bundles": ["ims1"]}, True),
        ({"bundles": ["ims1"], "bundle": "ims1"}, False),
        ({"bundle": "ims1"}, False),
        ({}, False),
        ({"role": ["consumer"], "bundles": []}, True),
        ({"role": {"name": "consumer"}}, False),
    ],
)
def test_a_correlator_is_judged_by_its_role_and_without_one_by_its_bundles(table, expected):
    assert is_consumer(table) is expected


@pytest.mark.parametrize(
    ("model", "key", "role"),
    [
        (ProviderSettings, "raw", "consumer"),
        (ConsumerSettings, "bundle", "provider"),
        (SecuritySettings, "basic", "consumer"),
        (ConsumerSecurity, "signed", "provider"),
        (OperationSettings, "acknowledge", "consumer"),
        (ConsumerOperation, "transaction", "provider"),
        (ConsumerOperation, "nonsense", None),
        (RetrySettings, "transaction", None),
    ],
)
def test_a_key_is_known_in_the_other_role(model, key, role):
    assert role_of_key(model, key) == role

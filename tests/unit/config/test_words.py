from datetime import UTC, date, datetime, time

import pytest

from gateway.config.model import (
    Bundle,
    ConsumerSettings,
    GatewaySettings,
    ImsConnectSettings,
    OperationSettings,
    PoolSettings,
    ProviderSettings,
    ServerSettings,
)
from gateway.config.values import Settings
from gateway.config.words import (
    dotted,
    field_at,
    fields_of,
    kind_of,
    named_tables_of,
    nearest,
    placeholder,
    shown,
    table_of,
    words_of,
)


def models(root: type[Settings]) -> list[type[Settings]]:
    inner = [table_of(f) or named_tables_of(f) for f in fields_of(root).values()]
    return [root, *(m for model in inner if model is not None for m in models(model))]


ALL = [
    model for root in (GatewaySettings, Bundle, ProviderSettings, ConsumerSettings) for model in models(root)
]


@pytest.mark.parametrize("model", ALL, ids=lambda m: m.__name__)
def test_every_key_of_every_table_has_words_and_a_meaning(model):
    for key, field in fields_of(model).items():
        assert words_of(field).text, key
        assert field.description, key
        assert field.description.endswith("."), key


@pytest.mark.parametrize(
    ("model", "key", "text"),
    [
        (ServerSettings, "workers", "a whole number from 1 to 256"),
        (ServerSettings, "max_request_bytes", "a whole number from 1024 to 100_000_000"),
        (ServerSettings, "waiting_seconds", "a number above 0, at most 600"),
        (ServerSettings, "keepalive_seconds", "a number from 0 to 3600"),
        (ServerSettings, "client_authentication", '"none", "optional" or "required"'),
        (ServerSettings, "keystore", "a table"),
        (ImsConnectSettings, "maxsoc", "a whole number from 2 to 65535"),
        (ImsConnectSettings, "host", "a text that is not empty"),
        (ProviderSettings, "validate", "true or false"),
        (ProviderSettings, "role", '"provider" or "consumer"'),
        (OperationSettings, "transaction", "a name of 1 to 8 characters of A-Z 0-9 @ # $"),
    ],
)
def test_types_read_naturally(model, key, text):
    assert words_of(fields_of(model)[key]).text == text


def test_lists_and_tables_without_words_of_their_own_have_some():
    class Plain(Settings):
        names: tuple[str, ...]
        numbers: dict[str, int]

    assert words_of(Plain.model_fields["names"]).text == "a list"
    assert words_of(Plain.model_fields["numbers"]).text == "a table"


def test_a_path_of_keys_leads_to_its_field():
    assert field_at(Bundle, ("ims_connect", "pool", "size")) is PoolSettings.model_fields["size"]
    operations = ("operations", "Any.Name", "transaction")
    assert field_at(ProviderSettings, operations) is OperationSettings.model_fields["transaction"]
    assert field_at(ProviderSettings, ("validate",)) is ProviderSettings.model_fields["validate_body"]
    assert field_at(ServerSettings, ("trusted_proxies", 0)) is ServerSettings.model_fields["trusted_proxies"]
    assert field_at(Bundle, ("nothing", "here")) is None
    assert field_at(ProviderSettings, ("operations", "Lookup")) is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "true"),
        (7, "7"),
        (7.0, "7.0"),
        (float("inf"), "a very large number"),
        (float("nan"), "nan"),
        ("M4RK3R", "a text"),
        ([1], "a list"),
        ({}, "a table"),
        (date(2026, 1, 1), "a date or time"),
        (datetime(2026, 1, 1, tzinfo=UTC), "a date or time"),
        (time(1, 2), "a date or time"),
    ],
)
def test_a_value_is_named_by_its_kind(value, kind):
    assert kind_of(value) == kind


def test_a_number_too_long_to_write_is_named():
    assert kind_of(-(16**5000)) == "a very large number"


def test_a_text_of_the_users_stays_on_one_line_and_short():
    assert shown("a\nb\x1b[2J\udcff\u2028") == "a\\nb\\u001b[2J\\udcff\\u2028"
    assert shown("x" * 1000) == "x" * 200 + "..."
    assert shown("téléphone") == "téléphone"


def test_keys_are_quoted_as_toml_needs_it():
    path = ("operations", "*", "a-b_9", "", 'say "x"\n', "é", 3)
    assert dotted(path) == 'operations."*".a-b_9."".' + '"say \\"x\\"\\n"."é".3'


def test_the_nearest_spelling_is_found_whatever_its_case():
    assert nearest("THRAEDS", ["threads", "workers"]) == "threads"
    assert nearest("hwsmpl1", ["HWSSMPL0", "HWSSMPL1"]) == "HWSSMPL1"
    assert nearest("colour", ["threads", "workers"]) is None
    assert nearest("x" * 100_000, ["threads"]) is None


def test_what_stands_for_the_names_of_tables_comes_from_their_words():
    fields = fields_of(ConsumerSettings)
    assert placeholder(fields["operations"]) == "*"
    assert placeholder(fields["raw"]) == "TPIPE"
    assert placeholder(fields["wsdl"]) == "NAME"

"""The mapping table: what is shipped, and what a user may change."""

import pytest

from gateway.errors import ConfigError
from gateway.migrate.mapping import fold, fold_value, read_mapping, shipped_text


@pytest.mark.parametrize(
    "name",
    [
        "connectionBundleName",
        "connection-bundle-name",
        "CONNECTION_BUNDLE_NAME",
        "{urn:x}sg.connection.Bundle Name",
    ],
)
def test_names_are_one_without_case_namespace_and_separators(name):
    assert read_mapping().property_of("bundle", (fold(name).removeprefix("sg"),)) == "name"


def test_a_value_of_separators_alone_is_not_empty():
    assert fold_value("---") == "---"
    assert not read_mapping().value_is("token_none", "---")
    assert read_mapping().value_is("token_none", " ")


def test_groups_stand_before_a_name_and_are_left_out_from_the_front():
    names = read_mapping()
    assert names.property_of("bundle", ("security", "ssl", "keystore", "password")) == "keystore_password"
    assert names.property_of("server", ("https", "port")) == "https_port"


def test_an_ambiguous_name_means_nothing_in_a_group_that_nobody_knows():
    names = read_mapping()
    assert names.property_of("bundle", ("password",)) == "password"
    assert names.property_of("bundle", ("proxy", "password")) is None


def test_a_table_of_the_user_goes_over_the_shipped_one(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('[bundle.properties]\nhost = ["Rechnername"]\n')
    names = read_mapping(path)
    assert names.property_of("bundle", ("rechnername",)) == "host"
    assert names.property_of("bundle", ("hostname",)) is None  # a list takes the place of the shipped one
    assert names.property_of("bundle", ("portnumber",)) == "port"


def test_the_printed_table_is_the_shipped_one(tmp_path):
    path = tmp_path / "printed.toml"
    path.write_text(shipped_text())
    assert read_mapping(path) == read_mapping()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[bundle.properties]\nhots = ["h"]\n', "bundle.properties.hots: unknown property; did you mean host?"),
        ('[bundle.properties]\nhost = ["port"]\n', "bundle.properties"),
        (
            '[bundle]\nrecognised_by = [["nam"]]\n',
            "bundle.recognised_by: unknown property nam; did you mean name?",
        ),
        ('[values]\nyess = ["ja"]\n', "values.yess: unknown value; did you mean yes?"),
        ('[bundles]\nelements = ["b"]\n', "bundles: unknown table"),
        ("[reading]\npairs = 7\n", "reading.pairs: must be a list of texts"),
        ("this is no TOML", "is not valid TOML"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_file_and_key(tmp_path, text, told):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_mapping(path)
    assert told in str(refused.value)
    assert "own.toml" in str(refused.value)

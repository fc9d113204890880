"""Which file of the service's folder a location means."""

import pytest

from gateway.soap.documents import target_name


@pytest.mark.parametrize(
    ("base", "location", "name"),
    [
        ("a.wsdl", "b.xsd", "b.xsd"),
        ("a.wsdl", "./b.xsd", "b.xsd"),
        ("a.wsdl", "x/b.xsd", "x/b.xsd"),
        ("a.wsdl", "x//b.xsd", "x/b.xsd"),
        ("x/a.wsdl", "b.xsd", "x/b.xsd"),
        ("x/a.wsdl", "../b.xsd", "b.xsd"),
        ("x/y/a.xsd", "../../z/b.xsd", "z/b.xsd"),
        ("a.wsdl", "b%20c.xsd", "b c.xsd"),
        ("a.wsdl", "b.xsd#part", "b.xsd"),
        ("a.wsdl", "Größe.xsd", "Größe.xsd"),
    ],
)
def test_a_relative_location_is_a_file_beside_the_one_that_names_it(base, location, name):
    assert target_name(base, location) == name


@pytest.mark.parametrize(
    "location",
    [
        "../b.xsd",
        "x/../../b.xsd",
        "..",
        "%2e%2e/b.xsd",
        "%2E%2E%2Fb.xsd",
        "/etc/passwd",
        "//host/b.xsd",
        "http://host/b.xsd",
        "https://host/b.xsd",
        "file:///etc/passwd",
        "file:b.xsd",
        "FTP://host/b.xsd",
        "urn:b",
        "c:\\b.xsd",
        "..\\b.xsd",
        "b.xsd%00",
        "b.xsd?x",
        "?x",
        "#x",
        "http://[",
    ],
)
def test_any_other_location_is_refused(location):
    with pytest.raises(ValueError, match=r"\w"):
        target_name("a.wsdl", location)

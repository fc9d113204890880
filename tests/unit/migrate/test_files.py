"""What of an installation is read, and what never is."""

import os

import pytest

from gateway.migrate.files import find_files, looks_like
from gateway.migrate.places import RefusedError
from tests.unit.migrate.conftest import BUNDLE

PHONE_BOOK = '<correlator serviceName="PhoneBookService" operationName="*" trancode="IVTNO" bundle="IMS1"/>'
BOMB = """<?xml version="1.0"?>
<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<bundles><bundle name="&c;" hostName="h" port="1" dataStore="D"/></bundles>"""
OUTSIDE = """<!DOCTYPE b [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<bundles><bundle name="&secret;" hostName="h" port="1" dataStore="D"/></bundles>"""


def damaged(made):
    return {str(one.place): one.text for one in made.report.damaged}


def test_links_are_told_and_never_followed(migrated, source, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "more.xml").write_text(f"<bundles>{BUNDLE.replace('IMS1', 'STOLEN')}</bundles>")
    folder = source({"plain.txt": "x"})
    (folder / "file.xml").symlink_to(elsewhere / "more.xml")
    (folder / "folder").symlink_to(elsewhere)
    (folder / "dangling.xml").symlink_to(elsewhere / "nothing")
    made = migrated()
    told = damaged(made)
    assert {name for name, text in told.items() if "symbolic link" in text} == {
        "file.xml",
        "folder",
        "dangling.xml",
    }
    assert made.report.bundles == ("IMS1",)


def test_a_file_that_becomes_a_link_after_it_was_found_is_not_read(source, tmp_path):
    folder = source({"a.xml": "<a/>"})
    found = find_files(folder)
    (folder / "a.xml").unlink()
    (folder / "a.xml").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match="cannot be read"):
        found.read("a.xml")


def test_what_is_no_file_is_refused_without_waiting_for_it(migrated, source):
    os.mkfifo(source({"x.txt": ""}) / "pipe.xml")
    assert damaged(migrated())["pipe.xml"] == "is no regular file"


def test_a_name_that_is_no_text_is_told_and_everything_else_goes_on(migrated, source):
    folder = source({"plain.txt": "x"})
    (folder / os.fsdecode(b"\xff.xml")).write_text("<bundles/>")
    made = migrated()
    assert list(damaged(made).values()) == ["has a name that is no text"]
    assert (made.home / "migration-report.json").exists()


def test_stores_that_nothing_names_are_left_alone(migrated):
    assert "spare.jks" in migrated({"spare.jks": b"\xfe\xed\xfe\xed"}).report.left_alone


@pytest.mark.parametrize("document", [BOMB, OUTSIDE])
def test_documents_with_a_document_type_are_refused_with_the_line(migrated, document):
    made = migrated({"bomb.xml": document})
    [(place, text)] = damaged(made).items()
    assert place.startswith("bomb.xml:")
    assert "document type" in text
    assert made.report.bundles == ("IMS1",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<a>\n<b></a>", "is not well-formed XML: line 2"),
        ("<a>&nbsp;</a>", "is not well-formed XML: line 1"),
        ("", None),
        ("<" * 200, "is not well-formed XML"),
        ("<a>" * 300 + "</a>" * 300, "is refused: 100 levels of elements"),
    ],
)
def test_broken_xml_is_told_and_the_rest_is_taken(migrated, content, told):
    made = migrated({"broken.xml": content})
    texts = list(damaged(made).values())
    assert any(text.startswith(told) for text in texts) if told else not texts
    assert [one.name for one in made.report.services] == ["lab"]


def test_nothing_of_a_broken_file_is_repeated(migrated):
    made = migrated({"broken.xml": '<bundle password="GEHEIM1" <'})
    assert "GEHEIM1" not in repr(made.report)


def test_xml_that_is_about_something_else_is_told_in_one_line(migrated):
    made = migrated({"web.xml": "<web-app><servlet><name>x</name></servlet></web-app>"})
    [told] = [one for one in made.report.unknown if one.place.file == "web.xml"]
    assert "its root is web-app" in told.text


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.xml", b"", "xml"),
        ("a", b"<?xml version='1.0'?><a/>", "xml"),
        ("a.txt", b"\xef\xbb\xbf<?xml", "xml"),
        ("a", b"\x4c\x6f\xa7\x94", "xml"),
        ("a.dat", b"\xfe\xed\xfe\xed", "store"),
        ("a.jks", b"\x30\x82", "store"),
        ("a.pem", b"-----BEGIN", "certificate"),
        ("a.properties", b"x=1", "properties"),
        ("a.txt", b"x=1", ""),
    ],
)
def test_what_a_file_is_shows_in_its_octets_first(name, data, kind):
    assert looks_like(name, data) == kind


def test_schemas_that_lie_elsewhere_are_put_beside_the_wsdl(migrated):
    from gateway.soap.contract import load
    from tests.fixtures.migration import example

    wsdl = example("phonebook").replace('"phonebook.xsd"', '"http://tools.example.com/schemas/phonebook.xsd"')
    made = migrated(
        {"services/pb.wsdl": wsdl, "schemas/phonebook.xsd": example("phonebook", "*.xsd")},
        correlator=PHONE_BOOK,
    )
    folder = made.home / "wsdl/pb"
    assert sorted(path.name for path in folder.iterdir()) == ["correlator.toml", "pb.wsdl", "phonebook.xsd"]
    assert load("pb", folder / "pb.wsdl").operations
    assert any("is read from phonebook.xsd beside it" in text for text in made.texts("changed"))


def test_a_schema_that_is_missing_sets_the_service_aside(migrated):
    from tests.fixtures.migration import example

    made = migrated(
        {"pb.wsdl": example("phonebook")},
        correlator=PHONE_BOOK,
    )
    assert "refers to phonebook.xsd, which is not among the files" in made.aside["wsdl/pb"]


def test_a_wsdl_that_needs_no_change_is_copied_octet_by_octet(migrated):
    from tests.fixtures.migration import lab

    text = lab("LabPort", "LabService").replace("<wsdl:types>", "<wsdl:types >\r\n")
    made = migrated(
        {"lab.wsdl": text.encode()},
        correlator='<correlator serviceName="LabService" operationName="*" trancode="ECHO" bundle="IMS1"/>',
    )
    assert (made.home / "wsdl/lab/lab.wsdl").read_bytes() == text.encode()


def test_a_wsdl_in_another_encoding_is_utf_8_here(migrated):
    from tests.fixtures.migration import lab

    text = (
        lab("LabPort", "LabService")
        .replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
        .replace("LabService", "LäbService")
    )
    made = migrated(
        {"lab.wsdl": text.encode("iso-8859-1")},
        correlator='<correlator serviceName="LäbService" operationName="*" trancode="ECHO" bundle="IMS1"/>',
    )
    assert [one.name for one in made.report.services] == ["lab"]
    assert any("was ISO-8859-1 and is UTF-8 here" in text for text in made.texts("changed"))

"""Which file of the service's folder a location means, and what is read of the folder."""

from hashlib import sha256

import pytest

from gateway.soap.documents import Folder, target_name


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


# -- the folder


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / "service"
    (inner / "x").mkdir(parents=True)
    (inner / "a.xsd").write_bytes(b"A")
    (inner / "x/b.xsd").write_bytes(b"B")
    (tmp_path / "outside.xsd").write_bytes(b"A")
    return inner


def test_files_are_read_at_any_depth_and_links_within_the_folder_followed(folder):
    (folder / "link.xsd").symlink_to("x/b.xsd")
    (folder / "y").symlink_to("x")
    names = ("a.xsd", "x/b.xsd", "link.xsd", "y/b.xsd")
    assert [Folder(folder).read(name) for name in names] == [b"A", b"B", b"B", b"B"]


def test_the_folder_itself_may_be_a_link_as_a_mounted_volume_makes_it(folder):
    (folder.parent / "..data").symlink_to(folder)
    (folder.parent / "linked").symlink_to("..data")
    assert Folder(folder.parent / "linked").read("x/b.xsd") == b"B"


@pytest.mark.parametrize("target", ["../outside.xsd", "{}/outside.xsd", "x/../../outside.xsd"])
def test_a_link_out_of_the_folder_is_refused_wherever_it_stands(folder, target):
    (folder / "x/out").symlink_to("../..")
    (folder / "link.xsd").symlink_to(target.format(folder.parent))
    for name in ("link.xsd", "x/out/outside.xsd"):
        with pytest.raises(ValueError, match="leads out of the service's folder"):
            Folder(folder).read(name)


def test_a_folder_whose_name_begins_alike_is_another(folder):
    (folder.parent / "service2").mkdir()
    (folder.parent / "service2/a.xsd").write_bytes(b"A")
    (folder / "link.xsd").symlink_to("../service2/a.xsd")
    with pytest.raises(ValueError, match="leads out"):
        Folder(folder).read("link.xsd")


@pytest.mark.parametrize("name", ["none.xsd", "x", "a.xsd/b.xsd", "."])
def test_what_is_no_file_is_told(folder, name):
    with pytest.raises(ValueError, match="cannot be read"):
        Folder(folder).read(name)


def test_a_link_to_itself_is_told(folder):
    (folder / "loop.xsd").symlink_to("loop.xsd")
    with pytest.raises(ValueError, match="cannot be read"):
        Folder(folder).read("loop.xsd")


def test_a_folder_holds_what_it_held_until_a_file_changes_goes_or_leads_out(folder):
    hashes = {name: sha256(Folder(folder).read(name)).hexdigest() for name in ("a.xsd", "x/b.xsd")}
    assert Folder(folder).holds(hashes)
    (folder / "x/b.xsd").write_bytes(b"C")
    assert not Folder(folder).holds(hashes)
    (folder / "x/b.xsd").unlink()
    assert not Folder(folder).holds(hashes)
    (folder / "x/b.xsd").write_bytes(b"B")
    (folder / "a.xsd").unlink()
    (folder / "a.xsd").symlink_to("../outside.xsd")
    assert not Folder(folder).holds(hashes)

"""The files of a contract from a path or an upload: what belongs to the WSDL, and nothing from elsewhere."""

import io
import stat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manage import sources
from gateway.manage.results import ManageError, Why
from gateway.manage.sources import from_path, from_upload

WSDL = "http://schemas.xmlsoap.org/wsdl/"
XSD = "http://www.w3.org/2001/XMLSchema"


def wsdl(*locations: str, service: bool = True) -> bytes:
    imports = "".join(f'<import namespace="urn:x" location="{one}"/>' for one in locations)
    return f'<definitions xmlns="{WSDL}">{imports}{"<service/>" if service else ""}</definitions>'.encode()


def schema(*locations: str) -> bytes:
    includes = "".join(f'<include schemaLocation="{one}"/>' for one in locations)
    return f'<schema xmlns="{XSD}">{includes}</schema>'.encode()


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def laid_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


CONTRACT = {
    "a/main.wsdl": wsdl("port.wsdl", "../types/one.xsd"),
    "a/port.wsdl": wsdl(service=False),
    "types/one.xsd": schema("two%20.xsd"),
    "types/two .xsd": schema("one.xsd"),
}


def test_a_folder_gives_what_the_wsdl_refers_to_and_tells_what_it_left_out(tmp_path: Path) -> None:
    laid_out(tmp_path, {**CONTRACT, "other.xsd": schema(), "notes.txt": b"x"})
    found = from_path(tmp_path)
    assert found.main == "a/main.wsdl"
    assert dict(found.files) == CONTRACT
    assert found.notes == ("left out, as a/main.wsdl does not refer to it: other.xsd",)


def test_a_wsdl_file_gives_the_same_of_its_own_folder(tmp_path: Path) -> None:
    laid_out(tmp_path, {"main.wsdl": wsdl("x/port.wsdl"), "x/port.wsdl": wsdl(), "other.wsdl": wsdl()})
    assert sorted(from_path(tmp_path / "main.wsdl").files) == ["main.wsdl", "x/port.wsdl"]


def test_a_zip_gives_the_same_whether_from_a_path_or_sent(tmp_path: Path) -> None:
    data = zipped({**CONTRACT, "a/": b""})
    (tmp_path / "contract.zip").write_bytes(data)
    assert dict(from_path(tmp_path / "contract.zip").files) == CONTRACT
    assert dict(from_upload("..\\..\\contract.zip", data).files) == CONTRACT
    assert from_upload("C:\\x\\contract.zip", data).origin == "contract.zip"


def test_a_wsdl_that_is_sent_alone_needs_no_other_file() -> None:
    assert dict(from_upload("rating.wsdl", wsdl()).files) == {"rating.wsdl": wsdl()}
    assert from_upload("../../etc/passwd", wsdl()).main == "service.wsdl"
    with pytest.raises(ManageError, match=r"refers to port\.wsdl, which is not there"):
        from_upload("rating.wsdl", wsdl("port.wsdl"))


def test_of_several_wsdls_with_services_one_has_to_be_named(tmp_path: Path) -> None:
    laid_out(tmp_path, {"one.wsdl": wsdl(), "two.wsdl": wsdl()})
    with pytest.raises(ManageError, match=r"one\.wsdl, two\.wsdl.*--wsdl"):
        from_path(tmp_path)
    assert from_path(tmp_path, "two.wsdl").main == "two.wsdl"
    with pytest.raises(ManageError, match=r"there is no three\.wsdl"):
        from_path(tmp_path, "three.wsdl")


@pytest.mark.parametrize(
    "location",
    [
        "../outside.xsd",
        "a/../../outside.xsd",
        "%2e%2e/outside.xsd",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1/x.xsd",
        "//host/x.xsd",
        "x.xsd?y",
        "a\\..\\x.xsd",
        "x%00.xsd",
    ],
)
def test_nothing_is_read_from_outside_the_source(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "source"
    laid_out(folder, {"main.wsdl": wsdl(location), "x.xsd": schema()})
    (tmp_path / "outside.xsd").write_bytes(schema())
    files = {"main.wsdl": wsdl(location), "x.xsd": schema()}
    for read in (
        lambda: from_path(folder),
        lambda: from_path(folder / "main.wsdl"),
        lambda: from_upload("x.zip", zipped(files)),
    ):
        with pytest.raises(ManageError) as told:
            read()
        assert told.value.why is Why.WRONG


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    laid_out(folder, {"main.wsdl": wsdl("linked.xsd")})
    (tmp_path / "secret.xsd").write_bytes(schema())
    (folder / "linked.xsd").symlink_to(tmp_path / "secret.xsd")
    with pytest.raises(ManageError):
        from_path(folder / "main.wsdl")


@pytest.mark.parametrize(
    "name",
    ["../evil.wsdl", "/etc/evil.wsdl", "a/../../evil.wsdl", "a\\..\\evil.wsdl", "C:evil.wsdl", "a\nb.wsdl"],
)
def test_a_zip_whose_names_lead_out_of_it_is_refused_whole(name: str) -> None:
    with pytest.raises(ManageError, match="leads out of it or is none"):
        from_upload("x.zip", zipped({"main.wsdl": wsdl(), name: wsdl()}))


def test_a_zip_with_a_link_a_double_or_a_password_is_refused() -> None:
    link = ZipInfo("link.wsdl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    data = io.BytesIO()
    with ZipFile(data, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ManageError, match="holds a link"):
        from_upload("x.zip", data.getvalue())
    data = io.BytesIO()
    with ZipFile(data, "w") as archive:
        archive.writestr("a.wsdl", wsdl())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.wsdl", wsdl())
    with pytest.raises(ManageError, match="twice"):
        from_upload("x.zip", data.getvalue())
    encrypted = bytearray(zipped({"a.wsdl": wsdl()}))
    place = encrypted.rindex(b"PK\x01\x02") + 8
    encrypted[place] |= 1
    with pytest.raises(ManageError, match="is encrypted"):
        from_upload("x.zip", bytes(encrypted))


def test_a_zip_that_unpacks_to_too_much_is_refused_whatever_its_directory_says() -> None:
    bomb = zipped({"a.wsdl": b" " * (sources.MOST_FILE_BYTES + 1)})
    assert len(bomb) < 100_000
    with pytest.raises(ManageError, match="unpacks to more than"):
        from_upload("x.zip", bomb)
    with pytest.raises(ManageError, match="more than 500 files"):
        from_upload("x.zip", zipped({f"{number}.xsd": b"" for number in range(501)}))


def test_too_many_files_of_one_contract_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    chain = {f"{number}.xsd": schema(f"{number + 1}.xsd") for number in range(9)}
    laid_out(tmp_path, {"main.wsdl": wsdl("0.xsd"), **chain, "9.xsd": schema()})
    with pytest.raises(ManageError, match="more than 3 files belong to this WSDL"):
        from_path(tmp_path / "main.wsdl")


def test_what_is_no_wsdl_is_told_with_its_name(tmp_path: Path) -> None:
    laid_out(tmp_path, {"main.wsdl": b"<!DOCTYPE x><x/>"})
    with pytest.raises(ManageError, match=r"main\.wsdl: A document type"):
        from_path(tmp_path / "main.wsdl")
    with pytest.raises(ManageError, match=r"no \.wsdl file"):
        from_upload("x.zip", zipped({"x.txt": b""}))
    with pytest.raises(ManageError) as told:
        from_path(tmp_path / "none.wsdl")
    assert told.value.why is Why.NOT_FOUND


@given(st.binary(max_size=300), st.integers(0, 200))
def test_a_zip_of_any_bytes_is_refused_in_words_or_read(data: bytes, cut: int) -> None:
    whole = zipped({"main.wsdl": wsdl()})
    for sent in (b"PK\x03\x04" + data, whole[:cut] + data + whole[cut + len(data) :]):
        try:
            from_upload("x.zip", sent)
        except ManageError as error:
            assert error.text.isprintable()

"""The files of a contract, from a path or an upload: the WSDL, and of the rest what belongs to it."""

import io
import stat
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from gateway.config.words import shown
from gateway.errors import GatewayError
from gateway.manage.deploying import Gathered
from gateway.manage.results import ManageError, Why
from gateway.safexml import Element, parse_trusted
from gateway.soap.documents import WSDL, location_attribute, references, target_name

MOST_FILES: Final = 500
MOST_BYTES: Final = 50_000_000
"""Of all files together."""
MOST_FILE_BYTES: Final = 10_000_000
_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_ENCRYPTED: Final = 0x1
_LONGEST_NAME: Final = 240

_UNREADABLE: Final = (
    BadZipFile,
    LargeZipFile,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    zlib.error,
)
"""What zipfile raises for bytes that are no zip, or one that it does not read."""

_Read = Callable[[str], bytes | None]
"""Returns a file of the source by its name there; None: there is none. Raises ManageError."""


def from_path(path: Path, main: str = "") -> Gathered:
    """Return the contract in a WSDL file, a folder or a zip file.

    `main`: which WSDL is meant, where a folder or zip has several. Raises ManageError.
    """
    origin = str(path)
    if path.is_dir():
        return _of_folder(path, main, origin)
    data = _read_file(path)
    if data.startswith((_ZIP, _EMPTY_ZIP)):
        return _gathered(*_of_zip(data, main), origin)
    return _gathered(path.name, lambda name: _beside(path.parent, name), origin)


def from_upload(name: str, data: bytes, main: str = "") -> Gathered:
    """Return the contract in what was sent: a zip, or one WSDL that needs no other file. Raises ManageError.

    `name`: what the sender calls it; nothing is ever opened by that name.
    """
    if len(data) > MOST_BYTES:
        raise _wrong(f"more than {MOST_BYTES} bytes")
    origin = shown(PurePosixPath(name.replace("\\", "/")).name or "upload")
    if data.startswith((_ZIP, _EMPTY_ZIP)):
        return _gathered(*_of_zip(data, main), origin)
    file = origin if origin.lower().endswith((".wsdl", ".xml")) else "service.wsdl"
    return _gathered(file, {file: data}.get, origin)


def _wrong(text: str) -> ManageError:
    return ManageError(Why.WRONG, text)


# -- what belongs to a WSDL -----------------------------------------------------------------------------------


def parsed(name: str, data: bytes) -> Element:
    """Return the root of a WSDL or schema. Raises ManageError with what is wrong with it."""
    try:
        return parse_trusted(data)
    except GatewayError as error:
        raise _wrong(f"{shown(name)}: {error.text}") from error


def _gathered(main: str, read: _Read, origin: str) -> Gathered:
    """Return a WSDL with all that it refers to, however indirectly."""
    files: dict[str, bytes] = {}
    pending = [(main, "")]
    while pending:
        name, referrer = pending.pop()
        if name in files:
            continue
        data = read(name)
        if data is None:
            asked = f"{shown(referrer)} refers to {shown(name)}, which" if referrer else shown(name)
            raise _wrong(f"{asked} is not there")
        files[name] = data
        _check_amount(files)
        pending += [(target, name) for target in _targets(name, data)]
    return Gathered(dict(sorted(files.items())), main, origin)


def _check_amount(files: Mapping[str, bytes]) -> None:
    if len(files) > MOST_FILES:
        raise _wrong(f"more than {MOST_FILES} files belong to this WSDL")
    if sum(map(len, files.values())) > MOST_BYTES:
        raise _wrong(f"the files of this WSDL have more than {MOST_BYTES} bytes")


def _targets(name: str, data: bytes) -> list[str]:
    root = parsed(name, data)
    try:
        return [target_name(name, element.get(location_attribute(element), "")) for element in references(root)]
    except ValueError as error:
        raise _wrong(f"{shown(name)}: {shown(str(error))}") from None


def _main_of(names: list[str], read: _Read, wanted: str) -> str:
    """Return the WSDL that is meant: the one wanted, or the only one that has services."""
    if wanted:
        if wanted not in names:
            raise _wrong(f"there is no {shown(wanted)}; there are: {_listed(names)}")
        return wanted
    wsdls = [name for name in names if name.lower().endswith(".wsdl")]
    if len(wsdls) > 1:
        wsdls = [name for name in wsdls if _has_service(name, read(name) or b"")] or wsdls
    if len(wsdls) != 1:
        what = "no .wsdl file" if not wsdls else f"several WSDLs ({_listed(wsdls)}): say which with --wsdl"
        raise _wrong(f"the source holds {what}")
    return wsdls[0]


def _has_service(name: str, data: bytes) -> bool:
    return parsed(name, data).find(f"{{{WSDL}}}service") is not None


def _listed(names: list[str]) -> str:
    return ", ".join(shown(name) for name in names[:10]) + (" ..." if len(names) > 10 else "")


# -- files and folders ----------------------------------------------------------------------------------------


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ManageError(Why.NOT_FOUND, f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise _wrong(f"{path} has more than {MOST_BYTES} bytes")
    return data


def _beside(folder: Path, name: str) -> bytes | None:
    """Return a file below a folder; one that a link leads out of it is none."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise _wrong(f"{shown(name)} leads out of {folder}")
        return _read_file(path) if path.is_file() else None
    except (OSError, ValueError):
        return None


def _of_folder(folder: Path, main: str, origin: str) -> Gathered:
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in {".wsdl", ".xsd"} and path.is_file()
    )
    if len(names) > MOST_FILES:
        raise _wrong(f"{folder} holds more than {MOST_FILES} WSDLs and schemas: name the WSDL file itself")

    def read(name: str) -> bytes | None:
        return _beside(folder, name)

    found = _gathered(_main_of(names, read, main), read, origin)
    return _with_left_out(found, names)


def _with_left_out(found: Gathered, names: list[str]) -> Gathered:
    left = [name for name in names if name not in found.files]
    if not left:
        return found
    note = f"left out, as {found.main} does not refer to it: {_listed(left)}"
    return Gathered(found.files, found.main, found.origin, (*found.notes, note))


# -- zip files ------------------------------------------------------------------------------------------------


def _of_zip(data: bytes, main: str) -> tuple[str, _Read]:
    """Return the name of the WSDL in a zip, and what reads its files. Raises ManageError."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            files = _unpacked(archive)
    except _UNREADABLE as error:
        raise _wrong(f"the zip cannot be read: {shown(str(error))}") from error
    return _main_of(sorted(files), files.get, main), files.get


def _unpacked(archive: ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise _wrong(f"the zip holds more than {MOST_FILES} files")
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        name = _entry_name(entry)
        if name in files:
            raise _wrong(f"the zip holds {shown(name)} twice")
        with archive.open(entry) as stream:
            # the size that the directory of a zip tells may be a lie
            files[name] = stream.read(min(left, MOST_FILE_BYTES) + 1)
        left -= len(files[name])
        if left < 0 or len(files[name]) > MOST_FILE_BYTES:
            raise _wrong(f"the zip unpacks to more than {MOST_BYTES} bytes, or a file to {MOST_FILE_BYTES}")
    return files


def _entry_name(entry: ZipInfo) -> str:
    """Return the name of a file in a zip. Raises ManageError for one that leads elsewhere."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    bad = (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or not name.isprintable()
        or len(name) > _LONGEST_NAME
    )
    if bad or not parts or ".." in parts:
        raise _wrong(f"the zip holds a file with a name that leads out of it or is none: {shown(name)}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _wrong(f"the zip holds a link: {shown(name)}")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise _wrong(f"the zip holds a file that is not deflated: {shown(name)}")
    if entry.flag_bits & _ENCRYPTED:
        raise _wrong(f"the zip is encrypted: {shown(name)}")
    return PurePosixPath(*parts).as_posix()

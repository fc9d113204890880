"""The files of a home on this machine: who else may read and change them, what is unused, where state is."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gateway.config.catalogue import files as found
from gateway.config.catalogue import reach
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import GATEWAY_FILE, correlator_file, is_loopback
from gateway.config.model import Consumer, Home, KeyStore, Service, parse_listen
from gateway.config.words import dotted, shown
from gateway.errors import Problem
from gateway.preflight.stores import stores_of

STORES: Final = frozenset({".p12", ".pfx", ".pem", ".crt", ".cer", ".der", ".jks", ".jceks"})
"""Endings of files that are key or trust stores."""
_SHOWN: Final = 8
_SECRET: Final = re.compile(r"(?:password|secret|passwd|token|api_?key)$", re.IGNORECASE)
"""How the keys of secrets end, as authors of modules name them."""
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_NETWORK: Final = re.compile(r"nfs4?|cifs|smb3?|smbfs|afs|9p|ceph|glusterfs|lustre|fuse\.(?!fuse-overlayfs).+")
_KEY: Final = re.compile(rb"-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----")
MOUNTS: Final = Path("/proc/self/mountinfo")


def writable(home: Home) -> Iterator[Problem]:
    """Name files and folders that every user of the machine may change, or replace by his own."""
    for place, paths in _read(home).items():
        loose = [path for path in paths if _others_may_write(path)]
        if loose:
            name = str(loose[0].relative_to(home.path)) if loose[0] != home.path else str(loose[0])
            more = f" and {len(loose) - 1} more" if len(loose) > 1 else ""
            text = f"every user of this machine may change {shown(name)}{more}"
            yield found.WRITABLE.at(place, "", text)


def _read(home: Home) -> Mapping[str, list[Path]]:
    """Return what is read of a home, by the folder that a finding names."""
    stores = {place.store.path for place in stores_of(home)}
    services = {home.path / "wsdl" / name: one.wsdl for name, one in home.services.items()}
    services |= {home.path / "wsdl" / name: one.wsdl for name, one in home.consumers.items()}
    correlators = [folder / "correlator.toml" for folder in services]
    return {
        GATEWAY_FILE: [home.path, home.path / GATEWAY_FILE],
        "bundles": [home.path / "bundles", *(home.path / "bundles" / f"{name}.toml" for name in home.bundles)],
        "wsdl": [home.path / "wsdl", *services, *correlators, *services.values()],
        "keystores": [home.path / "keystores", *sorted(one for one in stores if one.is_relative_to(home.path))],
        "identity": sorted(_tables(home)),
    }


def _tables(home: Home) -> set[Path]:
    tables = (one.settings.security.users for one in home.services.values())
    return {table.path for table in tables if table is not None and table.path.is_relative_to(home.path)}


def _others_may_write(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # in a folder with the sticky bit nobody replaces what is another's
    sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
    return bool(mode & stat.S_IWOTH) and not sticky


def readable_keys(home: Home) -> Iterator[Problem]:
    """Name private keys in clear that every user of the machine can read."""
    seen: dict[Path, bool] = {}
    for place in stores_of(home):
        path = place.store.path
        if not isinstance(place.store, KeyStore):
            continue
        if path not in seen:
            seen[path] = _is_open_key(path)
        if seen[path]:
            text = f"{shown(str(path))} holds a private key in clear that every user of this machine can read"
            yield found.READABLE.at(place.file, place.key, text)


def _is_open_key(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH) and _KEY.search(path.read_bytes()) is not None
    except OSError:
        return False


def literal_options(home: Home) -> Iterator[Problem]:
    """Name secrets in clear in options of authentication modules, whose keys only the modules know."""
    every: list[Service | Consumer] = [*home.services.values(), *home.consumers.values()]
    for service in every:
        options = service.settings.security.authenticator_options or {}
        for key, value in options.items():
            if isinstance(value, str) and value and _SECRET.search(key):
                text = 'stands here in clear; { env = "NAME" } or { file = "PATH" } keeps it out'
                place = dotted(("security", "authenticator_options", key))
                yield found.LITERAL.at(correlator_file(service.name), place, text)


def unused_stores(home: Home) -> Iterator[Problem]:
    """Name stores in keystores/ that nothing of the home names."""
    folder = home.path / "keystores"
    named = {os.path.realpath(place.store.path) for place in stores_of(home)}
    for service in home.services.values():
        security = service.settings.security
        trusted = security.truststore.path if security.truststore is not None else None
        named |= {os.path.realpath(path) for path in (trusted, security.crl) if path is not None}
        named |= {os.path.realpath(home.path / path) for path in _paths(security.authenticator_options)}
    for consumer in home.consumers.values():
        options = consumer.settings.security.authenticator_options
        named |= {os.path.realpath(home.path / path) for path in _paths(options)}
    try:
        inside = sorted(
            entry for entry in folder.iterdir() if entry.suffix.lower() in STORES and entry.is_file()
        )
    except OSError:
        return
    idle = [one.name for one in inside if not named & {os.path.realpath(one), os.path.realpath(one.parent)}]
    if idle:
        more = f" and {len(idle) - _SHOWN} more" if len(idle) > _SHOWN else ""
        text = f"nothing here names {', '.join(map(shown, idle[:_SHOWN]))}{more}"
        yield found.UNUSED_STORE.at("keystores", "", text)


def _paths(options: Any) -> Iterator[str]:
    """Yield every path that somebody's options hold, however deep."""
    if isinstance(options, Mapping):
        for key, value in options.items():
            if key == "path" and isinstance(value, str):
                yield value
            yield from _paths(value)
    elif isinstance(options, tuple):
        for value in options:
            yield from _paths(value)


def state_folder(home: Home, mounts: Path = MOUNTS) -> Iterator[Problem]:
    """Name a state folder in memory or on a network file system, where that loses something."""
    kind = file_system(home.state, mounts)
    keeps = home.gateway.journal.store == "sqlite" and any(
        callout.requests != "synchronous" for callout, _ in listening(home).values()
    )
    if kind in _IN_MEMORY and keeps:
        text = f"{shown(str(home.state))} is in memory ({kind}): callouts that wait for delivery end with it"
        yield found.VOLATILE.at(GATEWAY_FILE, "server.state", text)
    elif _NETWORK.fullmatch(kind):
        text = f"{shown(str(home.state))} is on a network file system ({kind}): SQLite cannot rely on its locks"
        yield found.NETWORK.at(GATEWAY_FILE, "server.state", text)


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that a path is on, as `proc_pid_mountinfo(5)` has it; empty: unknown."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    place, best, kind = os.path.realpath(path), "", ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        mounted = _unescaped(words[4]) if len(words) > 4 else ""
        inside = place == mounted or place.startswith(mounted.rstrip("/") + "/")
        # of two at one place the later one hides the other
        if mounted and inside and len(mounted) >= len(best):
            best, kind = mounted, rest.partition(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def admin_accounts(home: Home) -> Iterator[Problem]:
    """Name an admin listener that other machines reach while nobody has an account."""
    admin = home.gateway.admin
    listen, accounts = admin.listen, admin.accounts
    if (
        listen
        and admin.sso is None
        and not is_loopback(parse_listen(listen)[0])
        and not (home.path / accounts).is_file()
    ):
        text = (
            f"other machines reach {listen}, and there is no {shown(accounts)}: nobody can sign in, and health "
            "and metrics are shown to whoever connects"
        )
        yield reach.ADMIN.at(GATEWAY_FILE, "admin.listen", text)

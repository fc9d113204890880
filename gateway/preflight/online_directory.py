"""Directories of the module `ldap`: TLS, and one bind each as whoever searches."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from gateway.config.catalogue import online
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home
from gateway.errors import ConfigError
from gateway.identity.authenticator import UnavailableError
from gateway.identity.ldap import LdapAuthenticator
from gateway.preflight.online_tls import Security, look
from gateway.preflight.online_values import Found, Terms, Try

MODULE: Final = "ldap"
_KEY: Final = "security.authenticator_options"
_START_TLS: Final = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""LDAPMessage 1, ExtendedRequest (RFC 4511, sections 4.12 and 4.14)."""
_SUCCESS: Final = bytes.fromhex("0a0100")
"""resultCode success, the first member of the response."""


def directory_tries(home: Home) -> Iterator[Try]:
    """Yield a try for each directory and whoever binds there: an account is tried once, as it may be locked."""
    seen: set[tuple[str, str]] = set()
    for name, service in home.services.items():
        security = service.settings.security
        if security.authenticator != MODULE:
            continue
        try:
            module = LdapAuthenticator(security.authenticator_options or {}, home.path)
        except ConfigError:
            continue  # told where modules are made
        settings = module.settings
        if (settings.url, settings.bind_dn) in seen:
            continue
        seen.add((settings.url, settings.bind_dn))
        parts = urlsplit(settings.url)
        port = parts.port or (636 if parts.scheme == "ldaps" else 389)
        run = partial(_tried, module, parts.hostname or "", port)
        yield Try("ldap", "", f"{parts.hostname}:{port}", correlator_file(name), _KEY, run)


def _tried(module: LdapAuthenticator, host: str, port: int, terms: Terms) -> Found:
    security = Security(module.context, host) if module.context is not None else None
    found = look(host, port, security, terms, _start_tls if module.settings.start_tls else lambda _sock: "")
    if any(kind.severity == "error" for kind, _ in found.wrong):
        return found
    try:
        refused = module.attempt()
    except UnavailableError as error:
        return replace(found, wrong=(*found.wrong, (online.SERVICE, str(error))))
    if refused:
        return replace(found, wrong=(*found.wrong, (online.SIGN_ON, refused)))
    return replace(found, said=(*found.said, f"{module.settings.bind_dn or 'anonymous bind'} was accepted"))


def _start_tls(sock: socket.socket) -> str:
    sock.sendall(_START_TLS)
    answer = sock.recv(4096)
    return "" if _SUCCESS in answer[:32] else "the directory does not begin TLS (StartTLS is refused)"

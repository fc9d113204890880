"""Valkey and PostgreSQL: TLS, sign-on, and whether they let us do what we will need."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from gateway import tls
from gateway.callout.journal import NoJournalError
from gateway.callout.journal.entries import JournalError
from gateway.callout.journal.postgresql import PostgresqlStore
from gateway.config.catalogue import online
from gateway.config.checks.places import GATEWAY_FILE
from gateway.config.journal import POSTGRESQL, journal_addresses
from gateway.config.model import Home, JournalSettings, ReplaySettings
from gateway.preflight.online_tls import Security, look
from gateway.preflight.online_values import Found, Terms, Try
from gateway.replay.backend import StoreDownError
from gateway.replay.valkey import ValkeyStore

_SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
"""PostgreSQL documentation, Message Formats, SSLRequest; the answer is one byte, S or N."""
_REFUSED: Final = ("WRONGPASS", "NOAUTH", "AuthenticationError", "NOPERM", "invalid username-password")
_REFUSED_STATES: Final = ("password authentication failed", "no pg_hba.conf entry", "authentication failed")


def store_tries(home: Home) -> Iterator[Try]:
    """Yield a try for the replay store and for each server of the journal, where they are servers."""
    replay, journal = home.gateway.replay, home.gateway.journal
    if replay.store != "sqlite":
        address = urlsplit(replay.store)
        place = f"{address.hostname}:{address.port or 6379}"
        yield Try("valkey", "", place, GATEWAY_FILE, "replay.store", partial(_valkey, replay))
    if journal.store.startswith(POSTGRESQL) and home.consumers:
        for number, (host, port) in enumerate(journal_addresses(journal.store)):
            # libpq goes through the hosts by itself, so one sign-on tries them all, in its order
            run = partial(_postgresql, journal, host, port, sign_on=number == 0)
            yield Try("postgresql", "", f"{host}:{port}", GATEWAY_FILE, "journal.store", run)


def _valkey(settings: ReplaySettings, terms: Terms) -> Found:
    address = urlsplit(settings.store)
    host = address.hostname or ""
    security = None
    if address.scheme == "valkeys":
        try:
            security = Security(tls.client_context(settings.truststore), host)
        except tls.StoreError:
            return Found()  # told where stores are looked at
    found = look(host, address.port or 6379, security, terms)
    if any(kind.severity == "error" for kind, _ in found.wrong):
        return found
    store = ValkeyStore(settings.model_copy(update={"timeout_seconds": min(terms.left, 60.0)}))
    try:
        store.remember((), terms.now)  # the script with nothing to remember: signs on, and may run it
        advice = store.advice()
    except StoreDownError as error:
        text = str(error)
        refused = any(word in text for word in _REFUSED)
        return replace(found, wrong=(*found.wrong, (online.SIGN_ON if refused else online.SERVICE, text)))
    finally:
        store.close()
    wrong = (*found.wrong, (online.ADVICE, advice)) if advice else found.wrong
    return replace(found, said=(*found.said, "remembers"), wrong=wrong)


def _postgresql(settings: JournalSettings, host: str, port: int, terms: Terms, *, sign_on: bool) -> Found:
    security = None
    if settings.truststore is not None:
        try:
            security = Security(tls.client_context(settings.truststore), host)
        except tls.StoreError:
            return Found()  # told where stores are looked at
    found = look(host, port, security, terms, _asks_for_tls)
    if not sign_on or any(kind.severity == "error" for kind, _ in found.wrong):
        return found
    try:
        store = PostgresqlStore(settings, create=False)
    except JournalError as error:
        return replace(found, wrong=(*found.wrong, (online.SERVICE, str(error))))
    try:
        with store.reading():
            said = "has the journal"
    except NoJournalError:
        said = "has no journal yet: imsgw callout makes it"
    except JournalError as error:
        text = str(error)
        refused = any(words in text for words in _REFUSED_STATES)
        return replace(found, wrong=(*found.wrong, (online.SIGN_ON if refused else online.SERVICE, text)))
    finally:
        store.close()
    return replace(found, said=(*found.said, said))


def _asks_for_tls(sock: socket.socket) -> str:
    sock.sendall(_SSL_REQUEST)
    answer = sock.recv(1)
    return "" if answer == b"S" else "the server does no TLS, and journal.truststore demands it"

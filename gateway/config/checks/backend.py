"""Bundles, and what operations ask of the IMS Connect behind them."""

from collections.abc import Iterator

from gateway.config.catalogue import backend as found
from gateway.config.catalogue import reach
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import (
    OperationPlace,
    bundle_file,
    correlator_file,
    elsewhere,
    operations,
    takes_token,
)
from gateway.config.model import DEFAULTS, Bundle, Home, SecuritySettings
from gateway.errors import Problem
from gateway.exchange import CommitMode, SyncLevel, Undeliverable


def _vouches(bundle: Bundle) -> bool:
    """Whether a bundle has something to show for users without a password."""
    return bundle.passticket is not None or bundle.trusted_user is not None


def _without_password(security: SecuritySettings) -> str:
    """Say which callers of a service come to IMS without a password; empty: none do."""
    if security.saml:
        return "a user of an assertion"
    forwards = (security.authenticator_options or {}).get("forward_password") is True
    if security.authenticator == "ldap" and not forwards:
        return "a user whose password the directory looked at (forward_password is false)"
    return ""


def passwords(home: Home) -> Iterator[Problem]:
    """Name bundles whose own user has nothing to show, where that user is needed."""
    without_token = {one.settings.bundle for one in home.services.values() if not takes_token(one)}
    for name in sorted(without_token | listening(home).keys()):
        own = home.bundles[name].credentials
        if own.user and not own.password and not _vouches(home.bundles[name]):
            text = (
                f"is missing, and so are [passticket] and [trusted_user]: {own.user} has nothing to show, and "
                "IMS Connect takes that with RACF=N only"
            )
            yield found.NO_PASSWORD.at(bundle_file(name), "credentials.password", text)


def adapters(home: Home) -> Iterator[Problem]:
    """Name settings of the XML adapter where it is not asked for."""
    for service in home.services.values():
        tables = service.settings.operations
        if any(table.adapter == "xml" for table in tables.values()):
            continue  # what stands in the table of all may be meant for those
        for name, table in tables.items():
            place = OperationPlace(service, name, table)
            inherited = tables[DEFAULTS] if name != DEFAULTS and DEFAULTS in tables else None
            if table.converter and (inherited is None or inherited.converter != table.converter):
                text = 'has no effect: it goes with adapter = "xml"'
                yield place.told(reach.EFFECT, "converter", text)


def exits(home: Home) -> Iterator[Problem]:
    """Name exits that do not do what is asked of them, or do it with a doubt."""
    for place in operations(home):
        name = place.service.settings.bundle
        user_exit = home.bundles[name].ims_connect.exit
        if place.settings.adapter == "xml" and user_exit != "HWSSOAP1":
            text = f'"xml" needs the exit HWSSOAP1, and bundle {name} uses {user_exit}'
            yield place.told(found.ADAPTER_EXIT, "adapter", text)
    for name, bundle in home.bundles.items():
        if bundle.ims_connect.exit == "HWSSMPL0":
            text = (
                "output of HWSSMPL0 has no length: application data that begins with *CSMOKY* or *REQSTS* "
                "would end it early; with HWSSMPL1 it cannot"
            )
            yield found.HWSSMPL0.at(bundle_file(name), "ims_connect.exit", text)


def plain_tcp(home: Home) -> Iterator[Problem]:
    """Name bundles that send passwords over a network without TLS."""
    with_tokens = {s.settings.bundle for s in home.services.values() if takes_token(s)}
    for name, bundle in home.bundles.items():
        carries = bool(bundle.credentials.password) or name in with_tokens
        if carries and bundle.ims_connect.tls is None and (hosts := elsewhere(bundle)):
            text = f"is missing: RACF passwords travel in clear to {' and '.join(hosts)}"
            yield found.PLAIN_PASSWORDS.at(bundle_file(name), "ims_connect.tls", text)


def commit_mode(home: Home) -> Iterator[Problem]:
    """Name settings of commit-then-send that are overridden, or leave output behind."""
    for place in operations(home):
        settings = place.settings
        if settings.commit_mode is CommitMode.COMMIT_THEN_SEND:
            told = "sync_level" in settings.model_fields_set
            if told and settings.sync_level is SyncLevel.NONE:
                yield place.told(found.CONFIRM, "sync_level", "commit mode 0 is always confirmed")
        if settings.undeliverable is Undeliverable.HOLD:
            text = '"hold" leaves output on tpipes with generated names that nobody empties'
            yield place.told(found.HOLD, "undeliverable", text)


def names(home: Home) -> Iterator[Problem]:
    """Name names that IMS Connect may not take."""
    for place in operations(home):
        if place.settings.reroute_name.startswith("HWS"):
            text = "names that begin with HWS are IMS Connect's own"
            yield place.told(found.REROUTE, "reroute_name", text)
        converter = place.settings.converter
        if place.settings.adapter == "xml" and not converter.endswith("D"):
            text = f"{converter}: the name of a converter driver ends with D"
            yield place.told(found.CONVERTER, "converter", text)


def identities(home: Home) -> Iterator[Problem]:
    """Name ways to tell IMS Connect who is calling that its exit does not know, and users without any."""
    for name, bundle in home.bundles.items():
        file, without = bundle_file(name), bundle.ims_connect.exit == "HWSSOAP1"
        if without and bundle.trusted_user is not None:
            text = "HWSSOAP1 knows no trusted users; HWSSMPL0 and HWSSMPL1 do"
            yield found.TRUSTED_EXIT.at(file, "trusted_user", text)
        if without and bundle.ims_connect.network_identity:
            text = "has no effect: HWSSOAP1 takes no distributed identity"
            yield found.NETWORK_IDENTITY.at(file, "ims_connect.network_identity", text)
        if bundle.ims_connect.tls is None and elsewhere(bundle):
            yield from _seen_on_the_way(file, bundle)
    yield from _users_with_nothing_to_show(home)


def _seen_on_the_way(file: str, bundle: Bundle) -> Iterator[Problem]:
    if bundle.trusted_user is not None:
        text = "the mark travels in clear without ims_connect.tls: whoever sees it can be any user"
        yield found.PLAIN_MARK.at(file, "trusted_user", text)
    if bundle.passticket is not None and not bundle.passticket.replay_protection:
        text = "false: without ims_connect.tls a PassTicket can be seen, and used again for ten minutes"
        yield found.PLAIN_PASSTICKET.at(file, "passticket.replay_protection", text)


def _users_with_nothing_to_show(home: Home) -> Iterator[Problem]:
    for service in home.services.values():
        name = service.settings.bundle
        who = _without_password(service.settings.security)
        if who and not _vouches(home.bundles[name]):
            text = (
                f"{who} has no password, and bundle {name} neither [passticket] nor "
                "[trusted_user]: IMS Connect takes that with RACF=N only"
            )
            yield found.NOTHING_TO_SHOW.at(correlator_file(service.name), "security.token", text)

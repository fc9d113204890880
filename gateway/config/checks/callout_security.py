"""Who calls for whom: tokens, certificates and passwords of callouts beside each other."""

from collections.abc import Iterator

from gateway.config.catalogue import callout as found
from gateway.config.catalogue import reach
from gateway.config.checks.callout_places import consumer_operations, listening
from gateway.config.checks.places import bundle_file, correlator_file, is_loopback
from gateway.config.model import BundleCallout, Consumer, ConsumerSecurity, Home
from gateway.errors import Problem

_OF_ASSERTIONS = ("issuer",)
_OF_TOKENS = ("lifetime_seconds",)


def users(home: Home) -> Iterator[Problem]:
    """Name tokens for callouts that have no user: IMS names none of an asynchronous one."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            security = consumer.settings.security
            if not _takes_token(security) or security.authenticator:
                continue
            if callout.requests == "asynchronous":
                text = (
                    f'"{security.token}" names a user, and bundle {bundle} brings asynchronous callouts: IMS '
                    "names none of them, only an authentication module (security.authenticator) could"
                )
                yield found.NO_USER.at(correlator_file(consumer.name), "security.token", text)
            elif callout.requests == "both":
                yield from _without_user(consumer)


def _without_user(consumer: Consumer) -> Iterator[Problem]:
    for place in consumer_operations(consumer):
        if place.settings.response_transaction:
            text = "asynchronous callouts name no user, and security.token needs one: they become dead letters"
            yield place.told(found.NO_USER_HERE, "response_transaction", text)


def vouching(home: Home) -> Iterator[Problem]:
    """Name assertions that go out with nothing to show who vouches for them."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            security = consumer.settings.security
            if security.saml and security.keystore is None and callout.keystore is None:
                text = (
                    f'"{security.token}": the assertion is not signed, and neither security.keystore nor '
                    f"callout.keystore of bundle {bundle} is set: the service cannot know who vouches for it"
                )
                yield found.UNVOUCHED.at(correlator_file(consumer.name), "security.token", text)


def apart(home: Home) -> Iterator[Problem]:
    """Name services with and without authentication that share tpipes."""
    for bundle, (callout, consumers) in listening(home).items():
        if {tpipe for one in consumers for tpipe in one.settings.raw}.issuperset(callout.tpipes):
            continue  # each tpipe is one service's own
        secure = sorted(one.name for one in consumers if _is_secure(one.settings.security, callout))
        plain = sorted({one.name for one in consumers} - set(secure))
        if secure and plain:
            text = (
                f"services with authentication ({', '.join(secure)}) and without ({', '.join(plain)}) share "
                "these tpipes: keep them apart, in a bundle each"
            )
            yield found.MIXED_SECURITY.at(bundle_file(bundle), "callout.tpipes", text)


def _is_secure(security: ConsumerSecurity, callout: BundleCallout) -> bool:
    shown = (security.basic, callout.basic, security.keystore, callout.keystore)
    return _takes_token(security) or any(one is not None for one in shown)


def _takes_token(security: ConsumerSecurity) -> bool:
    return security.token != "none"  # noqa: S105  a kind of token


def plain_hosts(home: Home) -> Iterator[Problem]:
    """Name hosts that a program may choose, and that would get a password in clear."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            settings = consumer.settings
            if not (settings.security.basic or callout.basic):
                continue
            plain = [one for one in settings.hosts_beyond(callout.allowed_hosts) if _is_plain(one)]
            if plain:
                own = settings.allowed_hosts is not None
                file = correlator_file(consumer.name) if own else bundle_file(bundle)
                key = "allowed_hosts" if own else "callout.allowed_hosts"
                text = f"the password for HTTP Basic of service {consumer.name} would go to {plain[0]} in clear"
                yield found.PLAIN_HOST.at(file, key, text)


def own_secrets(home: Home) -> Iterator[Problem]:
    """Name services that the hosts of their bundle are not for: those would get the service's secrets."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            settings = consumer.settings
            bound = settings.security.has_secrets and settings.allowed_hosts is None
            if bound and callout.allowed_hosts and callout.requests != "asynchronous":
                text = (
                    f"is missing: callout.allowed_hosts of bundle {bundle} does not count for a service with "
                    "secrets of its own; control data may name the hosts of its WSDL only"
                )
                yield found.OWN_SECRETS.at(correlator_file(consumer.name), "allowed_hosts", text)


def _is_plain(origin: str) -> bool:
    scheme, separator, rest = origin.rstrip("/").partition("://")
    host = rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]
    return bool(separator) and scheme == "http" and not is_loopback(host)


def retrieving(home: Home) -> Iterator[Problem]:
    """Name bundles that retrieve messages as nobody."""
    for bundle in listening(home):
        if not home.bundles[bundle].credentials.user:
            text = (
                "is missing: RESUME TPIPE names no user; where tpipes are protected (RACF class RIMS) it is "
                "refused, and where they are not, anybody can empty them"
            )
            yield found.AS_NOBODY.at(bundle_file(bundle), "credentials.user", text)


def without_effect(home: Home) -> Iterator[Problem]:
    """Name keys of consumers that were set to something and do nothing."""
    for consumer in home.consumers.values():
        security = consumer.settings.security
        idle = () if security.saml else _OF_ASSERTIONS
        idle = idle if _takes_token(security) else (*idle, *_OF_TOKENS)
        for key in idle:
            if getattr(security, key) != ConsumerSecurity.model_fields[key].default:
                text = "has no effect: there is no such token"
                yield reach.EFFECT.at(correlator_file(consumer.name), f"security.{key}", text)

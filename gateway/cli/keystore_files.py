"""`imsgw keystore import` and `imsgw keystore convert`."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import JsonOption
from gateway.cli.store_options import PasswordOption, asked, mistakes_shown, opened
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret

if TYPE_CHECKING:
    from cryptography import x509

SourcePasswordOption = Annotated[
    str,
    typer.Option(envvar="IMSGW_SOURCE_PASSWORD", show_envvar=True, help="Password of what is read from."),
]


def import_certificates(
    store: Annotated[
        Path, typer.Argument(help="Trust store, PEM or PKCS#12; made when it is not there.", show_default=False)
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="PEM, DER or PKCS#12 files with certificates.", show_default=False
        ),
    ],
    password: PasswordOption = "",
    source_password: SourcePasswordOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add certificates to a trust store. Those that are in it already stay as they are.

    All or nothing: a certificate that has expired, or a file that cannot be read, leaves the store as it was.
    Private keys are not taken over. A running gateway takes up the change within a second.

    Example: `imsgw keystore import keystores/partners.pem web1.crt`
    """
    from gateway.tls.contents import read_contents  # noqa: PLC0415  keeps --help quick

    with mistakes_shown():
        found: list[x509.Certificate] = []
        for source in sources:
            contents = opened(partial(read_contents, source), source, source_password)
            if not contents.certificates:
                raise ValueError(f"{source}: holds no certificate")
            found += contents.certificates
        refuse_expired(found)
        tell_added(store, found, add_to(store, found, password), as_json=as_json)


def add_to(store: Path, found: Sequence["x509.Certificate"], password: str) -> "tuple[x509.Certificate, ...]":
    """Add certificates to a trust store; return those that are new in it. Raises StoreError."""
    from gateway.tls.write import PKCS12_SUFFIXES, add_certificates  # noqa: PLC0415

    if not password and not store.exists() and store.suffix.lower() in PKCS12_SUFFIXES:
        password = asked(store, new=True).reveal()
    return opened(partial(add_certificates, store, found), store, password)


def refuse_expired(certificates: Sequence["x509.Certificate"]) -> None:
    """Raise ValueError for what nobody can use any more."""
    from gateway.tls import describe  # noqa: PLC0415

    now = SYSTEM_CLOCK.now()
    for one in certificates:
        if one.not_valid_after_utc < now:
            facts = describe(one)
            raise ValueError(
                f"not added: the certificate of {facts.subject} expired on {facts.not_after:%Y-%m-%d}"
            )


def tell_added(
    store: Path,
    found: Sequence["x509.Certificate"],
    new: Sequence["x509.Certificate"],
    *,
    issuers: Sequence[str] = (),
    as_json: bool,
) -> None:
    """Say of each certificate whether it was added or in the store before, and what to put into `issuers`."""
    from gateway.tls import describe  # noqa: PLC0415

    rows = [
        {"subject": facts.subject, "sha256": facts.sha256, "added": one in new}
        for one in dict.fromkeys(found)
        for facts in [describe(one)]
    ]
    if as_json:
        told = {"store": str(store), "certificates": rows, **({"issuers": list(issuers)} if issuers else {})}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for row in rows:
        verb = "added" if row["added"] else "already there:"
        typer.echo(f"{verb} {row['subject']}\n  sha256:{row['sha256']}")
    if issuers:
        typer.echo(f"put this into the service's correlator.toml: issuers = {json.dumps(list(issuers))}")


def convert(
    source: Annotated[Path, typer.Argument(help="PEM, DER or PKCS#12 file.", show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(help="New file: .p12 or .pfx for PKCS#12, .pem or .crt for PEM.", show_default=False),
    ],
    password: PasswordOption = "",
    source_password: SourcePasswordOption = "",
) -> None:
    """Write a key store or trust store in another form. Private keys stay encrypted; nothing is overwritten.

    Java key stores (JKS) of IBM's IMS SOAP Gateway are taken over by `imsgw migrate`. Others are converted with
    Java's own tool first:
    `keytool -importkeystore -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`

    Example: `imsgw keystore convert partners.pem partners.p12`
    """
    from gateway.tls.contents import read_contents  # noqa: PLC0415  keeps --help quick
    from gateway.tls.write import PKCS12_SUFFIXES  # noqa: PLC0415

    suffix = target.suffix.lower()
    if suffix not in {*PKCS12_SUFFIXES, ".pem", ".crt"}:
        raise typer.BadParameter(
            "the name of the new file ends in .p12, .pfx, .pem or .crt", param_hint="TARGET"
        )
    with mistakes_shown():
        if target.exists():
            raise ValueError(f"not overwritten: {target}")
        contents = opened(partial(read_contents, source), source, source_password)
        if contents.form == "folder":
            raise ValueError(f"{source}: is a folder; imsgw keystore import takes files from it")
        if contents.private_key:
            _convert_key(source, target, password, source_password)
        else:
            _convert_trust(contents.certificates, target, password)
    typer.echo(f"made {target}")


def _convert_key(source: Path, target: Path, password: str, source_password: str) -> None:
    from gateway.config.model import KeyStore  # noqa: PLC0415
    from gateway.tls import read_keystore  # noqa: PLC0415
    from gateway.tls.write import PKCS12_SUFFIXES, key_pem, key_pkcs12, write_whole  # noqa: PLC0415

    material = opened(
        lambda secret: read_keystore(KeyStore.model_construct(path=source, password=secret)),
        source,
        source_password,
    )
    secret = Secret(password) if password else asked(target, new=True)
    write = key_pkcs12 if target.suffix.lower() in PKCS12_SUFFIXES else key_pem
    write_whole(target, write(material, secret), 0o600)


def _convert_trust(certificates: "tuple[x509.Certificate, ...]", target: Path, password: str) -> None:
    from gateway.tls.write import PKCS12_SUFFIXES, pem, trust_pkcs12, write_whole  # noqa: PLC0415

    if not certificates:
        raise ValueError("the source holds no certificate")
    if target.suffix.lower() not in PKCS12_SUFFIXES:
        write_whole(target, pem(certificates), 0o644)
        return
    secret = Secret(password) if password else asked(target, new=True)
    write_whole(target, trust_pkcs12(target, certificates, secret), 0o600)

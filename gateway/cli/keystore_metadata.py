"""`imsgw keystore import-metadata`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.keystore_files import add_to, refuse_expired, tell_added
from gateway.cli.options import JsonOption
from gateway.cli.store_options import PasswordOption, mistakes_shown
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from gateway.tls.metadata import IssuerCertificates


def import_metadata(
    store: Annotated[
        Path, typer.Argument(help="Trust store, PEM or PKCS#12; made when it is not there.", show_default=False)
    ],
    metadata: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="SAML metadata; - reads standard input.", show_default=False),
    ],
    entity: Annotated[
        str, typer.Option(help="entityID of the one to take, where the metadata describes several.")
    ] = "",
    password: PasswordOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add the certificates with which an identity provider or token service signs, out of its SAML metadata.

    The metadata's own signature is not checked, and nothing is fetched: get the file over a way that you
    trust, and compare the fingerprints.

    Example: `imsgw keystore import-metadata keystores/sts.pem federation-metadata.xml`
    """
    from gateway.tls.metadata import read_metadata  # noqa: PLC0415  python3-saml is slow to import

    if "://" in metadata:
        raise typer.BadParameter("an address is not fetched; save the metadata to a file", param_hint="FILE")
    with mistakes_shown():
        issuer = _one(read_metadata(_read(metadata), SYSTEM_CLOCK.now()), entity)
        refuse_expired(issuer.certificates)
        new = add_to(store, issuer.certificates, password)
    tell_added(store, issuer.certificates, new, issuers=(issuer.entity_id,), as_json=as_json)


def _one(issuers: "tuple[IssuerCertificates, ...]", entity: str) -> "IssuerCertificates":
    """Return the entity that is meant."""
    wanted = [one for one in issuers if entity in ("", one.entity_id)]
    if len(wanted) == 1:
        return wanted[0]
    known = "".join(f"\n  {json.dumps(one.entity_id)}" for one in issuers)
    reason = f"no {entity}" if entity else "several entities: say which with --entity"
    raise ValueError(f"the metadata describes {reason}; it has{known}")


def _read(metadata: str) -> bytes:
    if metadata == "-":
        return typer.get_binary_stream("stdin").read()
    try:
        return Path(metadata).read_bytes()
    except OSError as error:
        raise ValueError(f"{metadata}: cannot be read: {error.strerror or error}") from error

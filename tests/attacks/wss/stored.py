"""All messages as files, with the home whose services they are for: what `imsgw explain` is held against.

Run it to have them in a folder: `python -m tests.attacks.wss.stored FOLDER`. Below it `home/` is a home with a
service for every policy, `messages/` has one file a message, `certificates/` the TLS client certificates, and
`index.toml` says of each message which service it is for, when it came and what refuses it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.wss.attacks import ATTACKS
from tests.attacks.wss.catalogue import NOW, Sent
from tests.attacks.wss.honest import HONEST
from tests.attacks.wss.refusals import refusals
from tests.attacks.wss.services import files, policies, port, settings
from tests.fixtures.in_process import lay_out
from tests.fixtures.running_gateway import deploy_lab
from tests.forge.keys import Pki

REFUSALS = refusals()
FOLDERS = {"none": "lab", "username": "lab-secure"}


@dataclass(frozen=True)
class Stored:
    """One message as it is written."""

    name: str
    service: str
    """Folder below wsdl/."""
    sent: Sent
    refused_by: list[str]
    """Empty: it is accepted."""


def stored(pki: Pki, wanted: Callable[[str], bool] = lambda _name: True) -> Iterator[Stored]:
    """Yield the messages whose names are wanted; no replays: what came before makes those attacks."""
    for honest in HONEST.values():
        if wanted(f"honest-{honest.id}"):
            folder = FOLDERS.get(honest.service, honest.service)
            yield Stored(f"honest-{honest.id}", folder, honest.build(pki), [])
    for attack in ATTACKS.values():
        if not attack.first and wanted(attack.name):
            folder = FOLDERS.get(attack.service, attack.service)
            yield Stored(attack.name, folder, attack.build(pki), list(REFUSALS[attack.id].rules))


def write_home(home: Path, pki: Pki) -> None:
    """Write the home."""
    lay_out(home, 9999, {}, {}, {})
    for service, table in policies(pki).items():
        deploy_lab(home, service, port(service), settings(table))
    for path, text in files(pki):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)


def write(folder: Path, pki: Pki, messages: Iterable[Stored]) -> None:
    """Write home, messages, certificates and index."""
    write_home(folder / "home", pki)
    for part in ("messages", "certificates"):
        (folder / part).mkdir()
    index = [f"at = {json.dumps(NOW.strftime('%Y-%m-%dT%H:%M:%SZ'))}"]
    for each in messages:
        (folder / "messages" / f"{each.name}.xml").write_bytes(each.sent.content)
        row = {"service": each.service, "tls": each.sent.tls, "refused_by": each.refused_by}
        if each.sent.tls_client:
            row["client_certificate"] = f"certificates/{each.sent.tls_client}.pem"
            certificate = getattr(pki, each.sent.tls_client).pem
            (folder / str(row["client_certificate"])).write_text(certificate)
        index += [
            "",
            f"[{json.dumps(each.name)}]",
            *(f"{key} = {json.dumps(value)}" for key, value in row.items()),
        ]
    (folder / "index.toml").write_text("\n".join(index) + "\n")


if __name__ == "__main__":
    made = Pki()
    write(Path(sys.argv[1]), made, stored(made))

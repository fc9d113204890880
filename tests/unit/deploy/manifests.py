"""The manifests of deploy/kubernetes as objects, and its home laid out as the kubelet does."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from gateway.admin.account_file import AccountFile
from gateway.admin.passwords import hashed
from gateway.exchange import Secret
from gateway.manage.installation import Installation
from gateway.testkeys import create
from tests.fixtures.running_gateway import REPOSITORY

FOLDER = REPOSITORY / "deploy/kubernetes"
PAGE = (REPOSITORY / "docs/kubernetes.md").read_text(encoding="utf-8")
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
FILES = [FOLDER / name for name in KUSTOMIZATION["resources"]]
OBJECTS: list[dict[str, Any]] = [
    one for file in FILES for one in yaml.safe_load_all(file.read_text()) if one is not None
]
PASSWORD = "FORATRY1"
OURS = ("imsgw", "imsgw-callout")
"""The Deployments of our image."""


def of_kind(kind: str) -> dict[str, Any]:
    """Return the objects of a kind by their names."""
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")
PODS = {name: one["spec"]["template"]["spec"] for name, one in DEPLOYMENTS.items()}
LABELS = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in DEPLOYMENTS.items()}
HOME_FILES = of_kind("ConfigMap")["imsgw-home"]["data"]


def home_volume(deployment: str) -> dict[str, Any]:
    """Return the volume with the home of a pod."""
    [found] = [one for one in PODS[deployment]["volumes"] if one["name"] == "home"]
    return dict(found)


def sources(folder: Path) -> dict[str, dict[str, Any]]:
    """Make what the page makes: files by key, by the name of their ConfigMap or Secret."""
    names = re.findall(r'public_url = "https://([^"]+)"', HOME_FILES["gateway.toml"])
    keys = create(folder / "keys", names, Secret(PASSWORD))
    secret: dict[str, Any] = {path.name: path.read_text() for path in (keys.ca, keys.partner_basic)}
    secret["server.p12"] = keys.server.read_bytes()
    secret |= dict.fromkeys(re.findall(r"--from-literal=(\w+)=", PAGE), PASSWORD)
    made = {"imsgw-keys": secret | {"admin.toml": _accounts(folder / "accounts")}}
    for name, source in re.findall(r"create configmap (\S+) --from-file=(\S+)/$", PAGE, re.MULTILINE):
        made[name] = {path.name: path.read_text() for path in (REPOSITORY / source).iterdir()}
    return made | {name: one["data"] for name, one in of_kind("ConfigMap").items()}


def _accounts(folder: Path) -> str:
    """Return the text of a file of accounts, made as the page does."""
    folder.mkdir()
    (folder / "gateway.toml").touch()
    file = AccountFile(Installation(folder, folder / "var", {}), "identity/admin.toml")
    file.put_account("anna", "operator", hashed(Secret("a password for a try")))
    return (folder / file.file).read_text()


def mounted(folder: Path, volume: dict[str, Any], made: dict[str, dict[str, Any]]) -> Path:
    """Lay a projected volume out as the kubelet does: links at the top, through ..data, to a folder."""
    _write(folder / "..2026_01_01", volume["projected"], made)
    (folder / "..data").symlink_to("..2026_01_01")
    for entry in sorted((folder / "..data").iterdir()):
        (folder / entry.name).symlink_to(f"..data/{entry.name}")
    return folder


def _write(folder: Path, projected: dict[str, Any], made: dict[str, dict[str, Any]]) -> None:
    for source in projected["sources"]:
        [said] = source.values()
        for item in said["items"]:
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            content = made[said["name"]][item["key"]]
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            path.chmod(projected["defaultMode"])

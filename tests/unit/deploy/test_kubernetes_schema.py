"""The manifests against the schemas of Kubernetes, strictly: a field that is unknown or misspelt is refused."""

import copy

import kubernetes_validate  # type: ignore[import-not-found,import-untyped,unused-ignore]
import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.deploy.manifests import FILES, FOLDER, KUSTOMIZATION, OBJECTS, OURS, PODS

VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest that the page names, and the newest whose schemas there are."""


def named(one):
    return f"{one['kind']}-{one['metadata']['name']}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", OBJECTS, ids=named)
def test_each_object_is_one_of_kubernetes(one, version):
    kubernetes_validate.validate(one, version, strict=True)


def test_a_misspelt_field_or_a_wrong_type_would_be_seen():
    [pdb] = [one for one in OBJECTS if one["kind"] == "PodDisruptionBudget"]
    for changed in ({"maxUnavailble": 1}, {"selector": "imsgw"}):
        wrong = copy.deepcopy(pdb)
        wrong["spec"] |= changed
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_applied_in_one_namespace():
    there = {path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml"}
    assert set(FILES) == there
    assert {one["metadata"].get("namespace") for one in OBJECTS if one["kind"] != "Namespace"} == {"imsgw"}
    keys = [(one["kind"], one["metadata"]["name"]) for one in OBJECTS]
    assert len(set(keys)) == len(keys)


def test_the_image_is_named_in_one_place():
    [image] = KUSTOMIZATION["images"]
    assert {PODS[name]["containers"][0]["image"] for name in OURS} == {image["name"]}


def test_the_values_of_the_adapter_are_no_manifest():
    values = yaml.safe_load((FOLDER / "prometheus-adapter/values.yaml").read_text())
    assert values.keys() == {"rules"}

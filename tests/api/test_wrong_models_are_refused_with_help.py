"""What a person gets from `kubectl apply` of an AIModel that can't be meant so."""

from typing import Any

import pytest
from tests.support.make import IMAGE, NAMESPACE, aimodel, channel, label

from meninx.base.errors import BadInput
from meninx.kube.client import KubeApi
from meninx.kube.errors import from_response
from meninx.kube.kinds import AIMODEL

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

SHA256 = "5e" * 32
URL = "https://models.example.org/unet.onnx"
SECRET = {"name": "registry"}


def create(api: KubeApi, manifest: dict[str, Any]) -> None:
    """Create a model as kubectl does: unknown and repeated fields are refused."""
    path, query = AIMODEL.path(NAMESPACE), {"fieldValidation": "Strict"}
    answer = api._send("POST", path, "AIModel", query=query, body=manifest)
    if answer.status != 201:
        raise from_response(answer.status, answer.data, "AIModel")


def gpu(**given: Any) -> dict[str, Any]:
    return aimodel(resources={"gpu": given})


def needs(**given: Any) -> dict[str, Any]:
    return aimodel(resources=given)


def weights(**given: Any) -> dict[str, Any]:
    return aimodel(weights={"sha256": SHA256, **given})


WRONG = {
    "MIG and a device class": (
        gpu(migProfile="1g.10gb", deviceClass="gpu.example.com"),
        r"give migProfile \(device plugin\) or deviceClass \(DRA\), not both",
    ),
    "MIG without a count": (gpu(count=0, migProfile="1g.10gb"), "need a count of at least 1"),
    "a device class without a count": (gpu(count=0, deviceClass="g"), "need a count of at least 1"),
    "MIG of another resource": (
        gpu(resource="amd.com/gpu", migProfile="1g.10gb"),
        "leave it out where migProfile or deviceClass is given",
    ),
    "a device class of a plugin": (
        gpu(resource="amd.com/gpu", deviceClass="g"),
        "leave it out where migProfile or deviceClass is given",
    ),
    "a profile that is none": (gpu(migProfile="half"), r"migProfile.*should match"),
    "a resource that is none": (gpu(resource="gpu"), "an extended resource such as nvidia.com/gpu"),
    "too many GPUs": (gpu(count=17), "less than or equal to 16"),
    "no amount of memory": (needs(memory="4 GB"), "such as 500m, 2 or 4Gi"),
    "no amount of CPU": (needs(cpu="two"), "such as 500m, 2 or 4Gi"),
    "more shared memory than memory": (
        needs(memory="1Gi", sharedMemory="2Gi"),
        "sharedMemory is part of memory: give memory at least as much",
    ),
    "a toleration that is none": (needs(tolerations=[{"operator": "Maybe"}]), "Exists"),
    "no labels": (aimodel(labels=[]), "labels are needed: say what each value"),
    "two labels of one value": (aimodel(labels=[label(1), label(1, "Other")]), "Duplicate value"),
    "two labels of one name": (aimodel(labels=[label(1), label(2)]), "names of labels must be unique"),
    "two channels of one name": (aimodel(channels=[channel(), channel()]), "Duplicate value"),
    "weights by ftp": (weights(uri="ftp://host/file"), "uri must be https://host/path"),
    "weights of no path": (weights(uri="https://host"), "uri must be https://host/path"),
    "weights of a claim without a path": (weights(uri="pvc://claim"), "pvc://claim/path"),
    "a password in the address": (
        weights(uri="https://me:secret@host/file"),
        "without a user or password in it",
    ),
    "a token in the clear": (
        weights(uri="http://host/file", secretRef=SECRET),
        "secretRef is only sent to an https address",
    ),
    "a token for nobody": (weights(secretRef=SECRET), "secretRef is only sent to an https address"),
    "a digest of another kind": (
        aimodel(weights={"sha256": SHA256.upper()}),
        r"weights.sha256.*should match",
    ),
    "a package with two channels": (
        aimodel(contract="MAP", labels=[], channels=[channel(), channel("flair")]),
        "a MONAI Application Package gets one folder of DICOM: give exactly one channel",
    ),
    "a field that there is not": (aimodel(gpus=2), "gpus"),
    "a version with a blank": (aimodel(version="1 beta"), r"spec.version.*should match"),
}  # fmt: skip


@pytest.mark.rule("said-plainly")
@pytest.mark.parametrize(("manifest", "said"), WRONG.values(), ids=WRONG)
def test_wrong_model_is_refused_with_a_remedy(
    api: KubeApi, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        create(api, manifest)


RIGHT = {
    "as little as possible": aimodel(weights=None),
    "a package without labels": aimodel(contract="MAP", labels=[]),
    "MIG": gpu(migProfile="3g.40gb", count=2),
    "a device class": gpu(deviceClass="gpu.nvidia.com"),
    "the CPU": gpu(count=0),
    "everything of a pod": needs(
        cpu="1500m", memory="16Gi", sharedMemory="8Gi", nodeSelector={"pool": "gpu"},
        tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        runtimeClassName="nvidia",
    ),
    "weights by https": weights(uri=URL, secretRef=SECRET),
    "weights by http": weights(uri="http://models.example.org/unet.onnx"),
    "weights of a claim": weights(uri="pvc://models/unet/1.0.0.onnx"),
}  # fmt: skip


@pytest.mark.parametrize("manifest", RIGHT.values(), ids=RIGHT)
def test_right_model_is_taken(api: KubeApi, manifest: dict[str, Any]) -> None:
    wanted = {key: value for key, value in manifest["spec"].items() if value is not None}
    made = api.apply(AIMODEL, {**manifest, "spec": wanted}, manager="kubectl")
    assert made["spec"]["startDeadlineSeconds"] == 600, "defaults are filled in"


KEPT = {
    "image": {"image": IMAGE[:-1] + "0"},
    "weights": {"weights": {"sha256": "0" * 64}},
    "meaning of a label": {"labels": [label(1, "Oedema")]},
    "one more label": {"labels": [label(), label(2, "Oedema")]},
    "channel": {"channels": [channel("t2")]},
    "command": {"command": ["other"]},
    "arguments": {"args": ["--fast"]},
    "contract": {"contract": "MAP"},
}


@pytest.mark.rule("traceable")
@pytest.mark.parametrize("changed", KEPT.values(), ids=KEPT)
def test_what_changes_results_needs_a_new_version(api: KubeApi, changed: dict[str, Any]) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    with pytest.raises(BadInput, match=r"give the model a new spec.version"):
        api.apply(AIMODEL, aimodel(**changed), manager="kubectl")
    made = api.apply(AIMODEL, aimodel(version="1.0.1", **changed), manager="kubectl")
    assert made["spec"]["version"] == "1.0.1"


OPEN = {
    "where the weights are": {"weights": {"sha256": SHA256, "uri": URL}},
    "what a run needs": {"resources": {"memory": "8Gi"}},
    "time limits": {"timeoutSeconds": 60, "startDeadlineSeconds": 60},
    "concurrency": {"concurrency": 3},
    "title": {"title": "Tumour"},
    "pull secrets": {"imagePullSecrets": [SECRET]},
    "selector": {"channels": [channel(minSlices=40)]},
}


@pytest.mark.parametrize("changed", OPEN.values(), ids=OPEN)
def test_what_changes_no_result_may_change(api: KubeApi, changed: dict[str, Any]) -> None:
    api.apply(AIMODEL, aimodel(), manager="kubectl")
    api.apply(AIMODEL, aimodel(**changed), manager="kubectl")

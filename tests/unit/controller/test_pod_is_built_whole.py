import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import golden
from tests.support.make import aimodel, aipipeline, channel, inferencejob
from tests.support.workload import RESOURCE_UID

from meninx.controller.job.chain import Chain, of_model, of_pipeline
from meninx.controller.job.pod import kubernetes_job, node_selector, task
from meninx.controller.settings import PodSettings
from meninx.resources.aimodel import AIModel
from meninx.resources.aipipeline import AIPipeline
from meninx.resources.inferencejob import InferenceJob

FOLDER = Path(__file__).with_name("manifests")
SETTINGS = PodSettings(
    image="meninx.local/meninx:dev",
    store_url="http://meninx-ingress.meninx.svc:8080",
    gpu_product="NVIDIA-A100-PCIE-40GB",
    service_account="meninx-inference",
)


def job(**spec: Any) -> InferenceJob:
    """Return an InferenceJob that has been read from the API server."""
    labels = {"meninx.io/study": "s0", "meninx.io/route": "meningioma", "other": "x"}
    metadata = {"uid": RESOURCE_UID, "labels": labels}
    return InferenceJob.model_validate(inferencejob(metadata=metadata, **spec))


def model(**spec: Any) -> AIModel:
    """Return an AIModel that has been read from the API server."""
    return AIModel.model_validate(aimodel(**spec))


def chain(given: dict[str, Any]) -> Chain:
    """Return the chain of the pipeline that is given with its models, else of the one model."""
    if "pipeline" not in given:
        return of_model(model(**given.get("model", {})))
    models = {name: model(name=name, **spec) for name, spec in given["models"].items()}
    return of_pipeline(AIPipeline.model_validate(aipipeline(**given["pipeline"])), models)


def build(given: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest, with the task as an object instead of as text."""
    settings = SETTINGS if given.get("settings", True) else PodSettings("meninx", "http://store")
    made = kubernetes_job(job(**given.get("job", {})), chain(given), settings)
    spec = made["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        for variable in container["env"]:
            if variable["name"] == "MENINX_TASK":
                variable["value"] = json.loads(variable["value"])
    return made


@pytest.mark.parametrize("case", golden.cases(FOLDER))
def test_manifest_is_the_one_on_paper(case: str) -> None:
    golden.hold(FOLDER, case, build)


def _containers(**given: Any) -> dict[str, dict[str, Any]]:
    spec = build(given)["spec"]["template"]["spec"]
    return {c["name"]: c for c in (*spec["initContainers"], *spec["containers"])}


@pytest.mark.rule("least-privilege")
def test_model_sees_neither_credential_nor_source_images() -> None:
    paths = {mount["mountPath"] for mount in _containers()["model"]["volumeMounts"]}
    assert paths == {"/meninx/input", "/meninx/output", "/tmp"}
    names = {variable["name"] for variable in _containers()["model"]["env"]}
    assert names == {"MENINX_INPUT", "MENINX_OUTPUT", "MENINX_STUDY", "HOME"}


@pytest.mark.rule("least-privilege")
@pytest.mark.parametrize("step", ["fetch", "model", "deliver"])
def test_every_container_is_locked_down_and_bounded(step: str) -> None:
    container = _containers()[step]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


def test_equal_inputs_give_equal_manifests() -> None:
    assert build({}) == build({})


def test_task_follows_the_channel_order_of_the_model() -> None:
    two = [{"name": name, "series": f"e-{name}"} for name in ("flair", "t1c")]
    channels = [channel("t1c", minSlices=20), channel("flair") | {"compress": True}]
    made = task(job(input={"study": "s0", "channels": two}), of_model(model(channels=channels)))
    assert [(c.name, c.series, c.compress) for c in made.channels] == [
        ("t1c", "e-t1c", False),
        ("flair", "e-flair", True),
    ]
    assert made.channels[0].min_slices == 20


@pytest.mark.parametrize(
    ("gpu", "default", "wanted"),
    [
        ({}, "A100", {"nvidia.com/gpu.product": "A100"}),
        ({"product": "H100"}, "A100", {"nvidia.com/gpu.product": "H100"}),
        ({}, None, {}),
        ({"count": 0}, "A100", {}),
    ],
    ids=["chart", "model", "neither", "cpu"],
)
def test_gpu_product_comes_from_model_then_chart(
    gpu: dict[str, Any], default: str | None, wanted: dict[str, str]
) -> None:
    assert node_selector(model(resources={"gpu": gpu}), default) == wanted


def test_long_names_stay_within_the_limits_of_labels() -> None:
    resource = inferencejob("n" * 200, metadata={"uid": RESOURCE_UID})
    made = kubernetes_job(InferenceJob.model_validate(resource), of_model(model()), SETTINGS)
    assert len(made["metadata"]["name"]) <= 63
    assert all(len(value) <= 63 for value in made["metadata"]["labels"].values())
    assert made["metadata"]["annotations"]["meninx.io/inference-job"] == "n" * 200

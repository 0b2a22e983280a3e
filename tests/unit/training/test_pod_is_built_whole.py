from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support import golden
from tests.support.make import trainingjob
from tests.support.workload import RESOURCE_UID

from meninx.controller.settings import PodSettings
from meninx.controller.training.pod import ANNOTATION_PLAN, kubernetes_job
from meninx.resources import names
from meninx.resources.trainingjob import TrainingJob

FOLDER = Path(__file__).with_name("manifests")
SETTINGS = PodSettings(
    image="meninx", store_url="http://store", gpu_product="NVIDIA-A100",
    service_account="meninx-inference", priority_classes=(("Training", "meninx-training"),),
)  # fmt: skip


def made(name: str = "second", **spec: Any) -> dict[str, Any]:
    given = trainingjob(name, metadata={"uid": RESOURCE_UID}, **spec)
    return kubernetes_job(TrainingJob.model_validate(given), SETTINGS, retries=2)


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("case", golden.cases(FOLDER))
def test_manifest_is_the_one_on_paper(case: str) -> None:
    golden.hold(FOLDER, case, lambda given: made(**given))


@pytest.mark.rule("least-privilege")
def test_pod_has_no_token_and_may_change_nothing_but_its_output() -> None:
    pod = pod_of(made())
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    assert sorted(writable) == ["/meninx/output", "/tmp"]
    assert all("secret" not in volume for volume in pod["volumes"])


def test_store_lets_no_training_in() -> None:
    marks = made()["spec"]["template"]["metadata"]["labels"]
    assert names.LABEL_JOB not in marks  # what the network policy of jobs goes by
    assert marks[names.LABEL_TRAINING] == "second"


def test_plan_comes_as_a_file_of_the_pod() -> None:
    manifest = made(plan={"preset": "unet", "epochs": 3, "loss": "DiceFocal"})
    text = manifest["spec"]["template"]["metadata"]["annotations"][ANNOTATION_PLAN]
    plan = yaml.safe_load(text)
    assert plan == {"preset": "unet", "epochs": 3, "loss": {"name": "dice_focal"}}
    (volume,) = [v for v in pod_of(manifest)["volumes"] if v["name"] == "plan"]
    (item,) = volume["downwardAPI"]["items"]
    assert item["fieldRef"]["fieldPath"] == f"metadata.annotations['{ANNOTATION_PLAN}']"


def test_several_gpus_are_used_by_torchrun() -> None:
    manifest = made(command=["fit"], resources={"gpu": {"count": 4}})
    (container,) = pod_of(manifest)["containers"]
    assert container["command"] == [
        "torchrun", "--standalone", "--nproc-per-node=4", "--no-python", "fit",
    ]  # fmt: skip


def test_long_name_is_kept_whole_beside_its_label() -> None:
    manifest = made("n" * 200)
    assert len(manifest["metadata"]["name"]) <= 63
    assert len(manifest["metadata"]["labels"][names.LABEL_TRAINING]) <= 63
    assert manifest["metadata"]["annotations"][names.LABEL_TRAINING] == "n" * 200


def test_second_pod_waits_for_the_end_of_the_first() -> None:
    assert made()["spec"]["podReplacementPolicy"] == "Failed"

from typing import Any

from tests.support import make
from tests.support.cached import reconciler
from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.workload import node

from meninx.controller.keys import Key
from meninx.controller.metrics import Metrics
from meninx.controller.settings import PodSettings, Settings
from meninx.kube.kinds import AIPIPELINE

SETTINGS = Settings(make.NAMESPACE, PodSettings("meninx", "http://store"), b"k" * 32)
READY = {"conditions": [make.condition("Ready")]}
NAME = "head-then-meningioma"


def looked_at(*manifests: dict[str, Any]) -> dict[str, Any]:
    """Return the pipeline's Ready condition after one look."""
    clock = FakeClock()
    kube = FakeKube(clock)
    for manifest in (make.aipipeline(NAME), *manifests):
        kube.add(manifest)
    reconciler(kube, SETTINGS, clock, Metrics())(Key(AIPIPELINE.kind, make.NAMESPACE, NAME))
    found = kube.get(AIPIPELINE, make.NAMESPACE, NAME)
    assert found is not None
    return make.conditions_of(found)["Ready"]


def test_pipeline_without_its_models_says_so() -> None:
    assert looked_at()["reason"] == "ModelNotFound"


def test_pipeline_with_ready_models_and_a_node_is_ready() -> None:
    roomy = node(gpus="1")
    roomy["status"]["allocatable"] |= {"memory": "16Gi", "pods": "110"}
    models = (make.aimodel(status=READY), make.aimodel("example-headmask", status=READY))
    assert looked_at(roomy, *models)["status"] == "True"

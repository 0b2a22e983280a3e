from typing import Any

import pytest
from tests.support.cached import filled
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, aimodel, aipipeline, condition, inferencejob

from meninx.controller.job.chain import Chain, Obstacle
from meninx.controller.observe import observe_job
from meninx.controller.queue.admission import GRANTED
from meninx.resources import names

NOT_READY: dict[str, Any] = {"conditions": [condition("Ready", status="False")]}
PIPELINE: dict[str, Any] = {"modelRef": None, "pipelineRef": {"name": "head-then-meningioma"}}


def _chain(kubernetes_job: dict[str, Any] | None, spec: dict[str, Any]) -> Chain | Obstacle:
    """Return what a job resolves to whose model and pipeline are not ready."""
    kube = FakeKube()
    for name in ("unet-meningioma", "example-headmask"):
        kube.add(aimodel(name, status=NOT_READY))
    kube.add(aipipeline(status=NOT_READY))
    made = kube.add(inferencejob("a", **spec))
    if kubernetes_job is not None:
        name = names.kubernetes_job("a", made["metadata"]["uid"])
        metadata = {"name": name, "namespace": NAMESPACE}
        kube.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
                  "spec": kubernetes_job})  # fmt: skip
    observed = observe_job(filled(kube, NAMESPACE), "a", lambda _: GRANTED)
    assert observed is not None
    return observed.chain


@pytest.mark.parametrize("spec", [{}, PIPELINE], ids=["model", "pipeline"])
@pytest.mark.parametrize(
    ("kubernetes_job", "goes_on"),
    [(None, False), ({"backoffLimit": 2}, True), ({"suspend": True}, False)],
    ids=["not begun", "at work", "held back"],
)
def test_only_a_job_at_work_goes_on_with_a_model_that_is_not_ready(
    kubernetes_job: dict[str, Any] | None, goes_on: bool, spec: dict[str, Any]
) -> None:
    assert isinstance(_chain(kubernetes_job, spec), Chain) is goes_on

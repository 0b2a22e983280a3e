"""Whatever a watch tells of jobs, pods and nodes: the model gets an answer that the API takes."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.make import aimodel, inferencejob
from tests.support.workload import GPU_PRODUCT, node

from meninx.controller.actions import WriteStatus
from meninx.controller.model.decide import Observed, decide
from meninx.controller.model.ledger import Ledger, line_of
from meninx.resources.aimodel import AIModelStatus

NOW = dt.datetime(2026, 1, 5, 10, tzinfo=dt.UTC)
WORDS = st.sampled_from(
    ["", "model", "fetch", "True", "False", "Ready", "ErrImagePull", "ImagePullFailed",
     "WeightsMismatch", "Failed", "Succeeded", "Running", "2026-01-05T09:00:00Z", "never"]
)  # fmt: skip
TIMES = st.sampled_from([None, "", "never", "2026-01-05T09:00:00Z", "2026-01-05T10:59:00Z"])
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Ready", "Admitted", "Inferred", "Stored"]),
            "status": st.sampled_from(["True", "False", "Unknown"]),
            "reason": WORDS,
            "message": st.text(max_size=20),
            "lastTransitionTime": st.sampled_from(["2026-01-05T09:00:00Z", "2026-01-05T10:59:00Z"]),
        },
        optional={"observedGeneration": st.integers(0, 3)},
    ),
    max_size=4,
    unique_by=lambda condition: str(condition["type"]),
)
STATE = st.fixed_dictionaries(
    {},
    optional={
        "waiting": st.fixed_dictionaries({}, optional={"reason": WORDS, "message": WORDS}),
        "running": st.just({}),
        "terminated": st.fixed_dictionaries({"exitCode": st.integers(0, 255)}),
    },
)
CONTAINER = st.fixed_dictionaries({"name": WORDS, "state": STATE})
PODS = st.lists(
    st.fixed_dictionaries(
        {
            "metadata": st.fixed_dictionaries({"name": WORDS, "creationTimestamp": TIMES}),
            "spec": st.just({"containers": [{"name": "model", "image": aimodel()["spec"]["image"]}]}),
            "status": st.fixed_dictionaries(
                {}, optional={"containerStatuses": st.lists(CONTAINER, max_size=2)}
            ),
        }
    ),
    max_size=3,
)  # fmt: skip
STATUS = st.fixed_dictionaries(
    {},
    optional={
        "phase": WORDS, "jobName": WORDS, "conditions": CONDITIONS, "startedAt": TIMES,
        "finishedAt": TIMES,
    },
)  # fmt: skip
JOBS = st.lists(STATUS, max_size=5)


WORKS = [("AIModel", "unet-meningioma")]


def _look(
    ledger: Ledger, pods: list[Any], metadata: dict[str, Any], status: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the statuses that a look at the model writes."""
    observed = Observed(
        aimodel(metadata=metadata, status=status),
        (node(),),
        running=tuple(name for name, _ in ledger.running(WORKS)),
        pods=tuple(pods),
        troubles=ledger.troubles(WORKS),
        tally=ledger.tally(WORKS[0]),
    )
    decision = decide(observed, NOW, GPU_PRODUCT)
    return [a.status for a in decision.actions if isinstance(a, WriteStatus)]


@given(jobs=JOBS, pods=PODS, conditions=CONDITIONS, leaving=st.booleans(), held=st.booleans())
def test_model_always_gets_an_answer_that_is_said_once(
    jobs: list[Any], pods: list[Any], conditions: list[Any], leaving: bool, held: bool
) -> None:
    ledger = Ledger()
    for number, status in enumerate(jobs):
        ledger.saw(inferencejob(f"job-{number % 3}", status=status))
    metadata = {
        "generation": 2,
        **({"deletionTimestamp": "2026-01-05T09:00:00Z"} if leaving else {}),
        **({"finalizers": ["meninx.io/in-use"]} if held else {}),
    }
    for status in _look(ledger, pods, metadata, {"conditions": conditions}):
        AIModelStatus.model_validate(status)
        assert _look(ledger, pods, metadata, status) == [], "said once"


@given(status=STATUS)
def test_every_job_has_its_line(status: dict[str, Any]) -> None:
    line = line_of(inferencejob(status=status))
    assert line.work == ("AIModel", "unet-meningioma")
    assert line.standing in {"waiting", "running", "succeeded", "failed", "other"}

"""Whatever the API server shows, a decision comes back and asks for nothing forbidden."""

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.make import aimodel, inferencejob
from tests.support.workload import RESOURCE_UID, kubernetes_job, node, pod

from meninx.controller.actions import CreateJob, DeleteResource, WriteStatus
from meninx.controller.job.chain import Chain, Obstacle, of_model
from meninx.controller.job.decide import decide
from meninx.controller.job.observed import KUEUE_LABEL, Observed
from meninx.controller.job.steps import STEPS
from meninx.controller.model import decide as model_decide
from meninx.controller.queue.admission import GRANTED, UNDECIDED, Admission
from meninx.controller.settings import PodSettings
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import TERMINAL, InferenceJobStatus
from meninx.resources.reasons import Reason

SETTINGS = PodSettings("meninx", "http://store")
TRUTH = st.sampled_from(["True", "False", "Unknown"])
WORD = st.one_of(
    st.sampled_from([*Reason, "OOMKilled", "Evicted", "ErrImagePull", "DeadlineExceeded"]),
    st.text(max_size=12),
)
TIME = st.one_of(
    st.none(), st.just("junk"), st.datetimes(
        dt.datetime(2026, 1, 4), dt.datetime(2026, 1, 6)
    ).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")),
)  # fmt: skip

STATE = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"waiting": st.fixed_dictionaries({"reason": WORD})}),
    st.fixed_dictionaries({"running": st.fixed_dictionaries({"startedAt": TIME})}),
    st.fixed_dictionaries({
        "terminated": st.fixed_dictionaries({
            "exitCode": st.sampled_from([0, 1, 65, 66, 67, 75, 137, 143]),
            "reason": WORD, "message": st.text(max_size=30), "finishedAt": TIME,
        })
    }),
)  # fmt: skip
CONTAINER = st.fixed_dictionaries({"name": st.sampled_from([*STEPS, "other"]), "state": STATE})


def _condition(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "type": st.sampled_from(types), "status": TRUTH, "reason": WORD,
        "message": st.text(max_size=20), "lastTransitionTime": st.just("2026-01-05T08:00:00Z"),
    })  # fmt: skip


def _pod(attempt: Any) -> str:
    return str(attempt["pod"])


def _type(condition: Any) -> str:
    return str(condition["type"])


PODS = st.lists(
    st.builds(
        lambda containers, conditions, why: pod(*containers, conditions=conditions, reason=why),
        st.lists(CONTAINER, max_size=4),
        st.lists(_condition("PodScheduled", "DisruptionTarget", "Ready"), max_size=3),
        st.one_of(st.none(), WORD),
    ),
    max_size=3,
)
METADATA = {"uid": RESOURCE_UID, "creationTimestamp": "2026-01-05T08:59:00Z"}
INPUTS: tuple[dict[str, Any], ...] = (
    {"study": "s0", "channels": [{"name": "t1c", "series": "e0"}]},
    {"dicomNode": {"name": "pacs", "studyInstanceUID": "2.25.1"}},
    {"volumeClaim": {"name": "claim"}},
    {},
)
OWN = ("Admitted", "InputReady", "Inferred", "Stored", "Delivered", "Pulled")
ATTEMPT: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "number": st.integers(1, 9),
        "pod": st.sampled_from(["attempt-1", "a", "b"]),
        "reason": st.sampled_from(Reason),
        "counts": st.booleans(),
        "startedAt": TIME,
    }
)
STATUS = st.fixed_dictionaries({}, optional={
    "phase": st.sampled_from(["Pending", "Queued", "Running", "Delivering", *sorted(TERMINAL)]),
    "conditions": st.lists(_condition(*OWN), max_size=5, unique_by=_type),
    "finishedAt": TIME,
    "attempts": st.integers(0, 5),
    "failedAttempts": st.lists(ATTEMPT, max_size=3, unique_by=_pod),
    "queue": st.fixed_dictionaries({"position": st.integers(1, 99), "toldAt": TIME}),
})  # fmt: skip
SPEC = st.fixed_dictionaries({}, optional={
    "suspend": st.booleans(),
    "cancel": st.booleans(),
    "retries": st.integers(-1, 11),
    "priority": st.sampled_from(["Stat", "Routine", "junk"]),
    "ttlSecondsAfterFinished": st.integers(0, 100_000),
    "deadlineSeconds": st.one_of(st.none(), st.integers(-1, 100_000)),
    "notBefore": TIME,
    "queueName": st.sampled_from(["gpus", "UPPER"]),
    "input": st.sampled_from(INPUTS),
})  # fmt: skip
JOB = st.one_of(
    st.none(),
    st.builds(
        lambda said, suspend, label, going: _held(kubernetes_job(*said), suspend, label, going),
        st.lists(st.sampled_from(["Complete", "Failed"]), max_size=2),
        st.booleans(), st.booleans(), st.booleans(),
    ),
)  # fmt: skip


def _held(job: dict[str, Any], *marks: bool) -> dict[str, Any]:
    suspend, label, going = marks
    job["spec"]["suspend"] = suspend
    job["metadata"] |= {"labels": {KUEUE_LABEL: "gpus"}} if label else {}
    job["metadata"] |= {"deletionTimestamp": "2026-01-05T09:00:30Z"} if going else {}
    return job


def _chain(limit: int) -> Chain:
    model = AIModel.model_validate(aimodel(startDeadlineSeconds=limit))
    return of_model(model)


CHAIN = st.one_of(
    st.builds(_chain, st.integers(1, 1000)),
    st.builds(Obstacle, st.sampled_from(Reason), st.text(max_size=9), st.booleans()),
)
ADMISSION = st.one_of(
    st.just(GRANTED), st.just(UNDECIDED),
    st.builds(
        Admission, st.booleans(), st.sampled_from(Reason), st.text(max_size=9),
        st.one_of(st.none(), st.integers(1, 99)), st.just(("other",)),
    ),
)  # fmt: skip
OBSERVED = st.builds(
    lambda status, spec, job, chain, pods, admission: Observed(
        inferencejob(metadata=METADATA, status=status, **spec),
        chain, job, tuple(pods) if job else (), admission,
    ),
    STATUS, SPEC, JOB, CHAIN, PODS, ADMISSION,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(OBSERVED)
def test_decision_comes_back_and_proposes_nothing_forbidden(observed: Observed) -> None:
    decision = decide(observed, FakeClock().now(), SETTINGS)
    kinds = [type(action) for action in decision.actions]
    assert kinds.count(CreateJob) <= (observed.kubernetes_job is None)
    if observed.status.get("phase") in TERMINAL:
        assert not {CreateJob, WriteStatus} & set(kinds)
    else:
        assert DeleteResource not in kinds


@settings(max_examples=150, deadline=None)
@given(OBSERVED)
def test_status_is_one_that_the_schema_takes_and_is_written_once(observed: Observed) -> None:
    now = FakeClock().now()
    decision = decide(observed, now, SETTINGS)
    for action in decision.actions:
        if isinstance(action, WriteStatus):
            InferenceJobStatus.model_validate(action.status)
            resource = {**observed.resource, "status": _applied(observed, action.status)}
            again = decide(Observed(resource, *_rest(observed)), now, SETTINGS)
            assert not [a for a in again.actions if isinstance(a, WriteStatus)]


def _applied(observed: Observed, status: dict[str, Any]) -> dict[str, Any]:
    """Return the status as server-side apply leaves it: the conditions of others stay."""
    types = {condition["type"] for condition in status["conditions"]}
    others = [c for c in observed.status.get("conditions", []) if c["type"] not in types]
    return {**status, "conditions": [*status["conditions"], *others]}


def _rest(observed: Observed) -> tuple[Any, ...]:
    return observed.chain, observed.kubernetes_job, observed.pods, observed.admission


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.builds(lambda gpus, label: node(gpus=gpus, junk=label), WORD, WORD), max_size=3),
    st.lists(_condition("Ready", "Other"), max_size=2, unique_by=_type),
)
def test_model_always_gets_an_answer(nodes: list[Any], conditions: list[Any]) -> None:
    observed = model_decide.Observed(aimodel(status={"conditions": conditions}), tuple(nodes))
    assert model_decide.decide(observed, FakeClock().now(), None) is not None

"""Whatever the API server shows, a decision comes back and asks for nothing forbidden."""

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.make import trainingjob
from tests.support.trainings import line, message, model, quality, train_job, train_pod
from tests.support.workload import MADE, RESOURCE_UID, deleted

from meninx.controller.actions import CreateJob, PromoteVersion, WriteStatus
from meninx.controller.queue.admission import GRANTED, UNDECIDED, Admission
from meninx.controller.queue.standing import Memory, training
from meninx.controller.settings import PodSettings
from meninx.controller.training.decide import decide
from meninx.controller.training.observed import Observed
from meninx.controller.training.register import ANNOTATION_UID
from meninx.controller.training.result import progress_of
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import ENDED, TrainingJobStatus

SETTINGS = PodSettings("meninx", "http://store")
PHASES = ["Pending", "Queued", "Running", "Registering", *sorted(ENDED)]
TYPES = ("Admitted", "Trained", "Registered", "Promoted")
SAID = st.one_of(st.just(message()), st.just("[]"), st.text(max_size=30), st.just(message(2.0)))
WORDS = st.sampled_from(
    ["running", "waiting", "waiting ErrImagePull", "ended", "ended 1", "ended 65", "ended 137"]
)


def _condition() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "type": st.sampled_from(TYPES), "status": st.sampled_from(["True", "False", "Unknown"]),
        "reason": st.sampled_from([*Reason, "Junk"]), "message": st.text(max_size=20),
        "lastTransitionTime": st.just("2026-01-05T08:00:00Z"),
    })  # fmt: skip


def _named(number: int, words: str, said: str, phase: str, gone: bool) -> dict[str, Any]:
    made = train_pod(words, said=said, name=f"attempt-{number}", phase=phase)
    return deleted(made) if gone else made


def _pod_name(pod: Any) -> str:
    return str(pod["metadata"]["name"])


def _type(condition: Any) -> str:
    return str(condition["type"])


PODS = st.lists(
    st.builds(
        _named, st.integers(1, 9), WORDS, SAID,
        st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]), st.booleans(),
    ),
    max_size=3, unique_by=_pod_name,
)  # fmt: skip
RESULT = st.one_of(
    st.none(),
    st.just({"weights": "pvc://c/w", "sha256": "5a" * 32, "quality": quality()}),
)
STATUS = st.fixed_dictionaries({}, optional={
    "phase": st.sampled_from(PHASES),
    "conditions": st.lists(_condition(), max_size=4, unique_by=_type),
    "result": RESULT,
    "queue": st.fixed_dictionaries({"position": st.integers(1, 99)}),
    "attempts": st.integers(0, 5),
})  # fmt: skip
SPEC = st.fixed_dictionaries({}, optional={
    "data": st.just({"store": {"segments": [{"label": "Meningioma"}]}}),
    "suspend": st.booleans(),
    "cancel": st.booleans(),
    "retries": st.integers(-1, 11),
    "deadlineSeconds": st.integers(1, 9999),
    "register": st.one_of(st.none(), st.just({"name": "b", "version": "2", "from": "a"}), st.just({
        "name": "b", "version": "2", "from": "a", "promote": "IfBetter", "leastMargin": 0.1,
    })),
})  # fmt: skip
ADMISSION = st.sampled_from([
    GRANTED, UNDECIDED, Admission(False, Reason.PREEMPTED, position=1),
    Admission(False, Reason.NO_CAPACITY, position=3, ahead=("a",)),
])  # fmt: skip


def _model(measured: Any, by: str, current: str | None, of: str | None) -> dict[str, Any]:
    named = {"current": current, "versionOf": of}
    made = model("x", measured, **{k: {"name": v} for k, v in named.items() if v})
    made["metadata"]["annotations"] = {ANNOTATION_UID: by}
    return made


MODEL = st.builds(
    _model,
    st.one_of(st.none(), st.just(quality()), st.just(quality(0.1)), st.just({"dice": "much"})),
    st.sampled_from(["", RESOURCE_UID]),
    st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "a", "c"]),
)  # fmt: skip
OBSERVED = st.builds(
    lambda spec, status, job, pods, models, admission, log: Observed(
        resource=trainingjob(
            metadata={"uid": RESOURCE_UID, "creationTimestamp": MADE}, status=status, **spec
        ),
        kubernetes_job=job, pods=tuple(pods), admission=admission, progress=progress_of(log),
        models={n: {**m, "metadata": {**m["metadata"], "name": n}} for n, m in models.items()},
    ),
    SPEC, STATUS,
    st.one_of(st.none(), st.builds(
        lambda has, spec: train_job(*has, spec=spec),
        st.sampled_from([(), ("Complete",), ("Failed",)]),
        st.one_of(st.none(), st.just({"suspend": True})),
    )),
    PODS, st.dictionaries(st.sampled_from(["a", "b", "c"]), MODEL), ADMISSION,
    st.one_of(st.just(line(3)), st.text(max_size=40)),
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(OBSERVED, st.integers(0, 20000))
def test_any_training_gets_an_answer_that_keeps_the_rules(seen: Observed, late: int) -> None:
    clock = FakeClock()
    now = clock.now() + dt.timedelta(seconds=late)
    decision = decide(seen, now, SETTINGS)
    statuses = [a.status for a in decision.actions if isinstance(a, WriteStatus)]
    for status in statuses:
        TrainingJobStatus.model_validate(status)
    if seen.status.get("phase") in ENDED:
        assert statuses == []
    made = [action for action in decision.actions if isinstance(action, CreateJob)]
    assert not made or (seen.kubernetes_job is None and seen.admission.granted)
    for action in decision.actions:
        if isinstance(action, PromoteVersion):
            assert statuses == [] or statuses[-1]["gate"]["decision"] == "Promote"


def test_attempts_that_only_pods_show_use_up_the_retries() -> None:
    """The Kubernetes Job is gone, its failed pod is not: one look ends the training, not two."""
    pod = train_pod("ended 1", name="attempt-1", phase="Failed")
    models = {"unet-meningioma": model()}
    seen = Observed(trainingjob(retries=0), pods=(pod,), admission=UNDECIDED, models=models)
    said = [
        a for a in decide(seen, FakeClock().now(), SETTINGS).actions if isinstance(a, WriteStatus)
    ]
    assert said[-1].status["phase"] == "Failed"


@settings(max_examples=150, deadline=None)
@given(OBSERVED)
def test_a_decision_that_was_done_is_not_asked_for_again(seen: Observed) -> None:
    now = FakeClock().now()
    said = [a.status for a in decide(seen, now, SETTINGS).actions if isinstance(a, WriteStatus)]
    if not said or said[-1]["phase"] in ENDED or len(seen.pods) > 1:
        return  # one pod at a time, as the Job controller has it
    resource = {**seen.resource, "status": said[-1]}
    again = Observed(
        resource, kubernetes_job=seen.kubernetes_job, pods=seen.pods, admission=seen.admission,
        progress=seen.progress, models=seen.models,
    )  # fmt: skip
    twice = decide(again, now, SETTINGS).actions
    assert [action for action in twice if isinstance(action, WriteStatus)] == []


@settings(max_examples=150, deadline=None)
@given(OBSERVED)
def test_any_training_has_a_standing_or_none(seen: Observed) -> None:
    standing = training(seen, Memory(), None)
    assert standing is None or standing.priority == "Training"

import datetime as dt
from typing import Any

import pytest
from tests.support.make import aimodel, condition, inferencejob
from tests.support.workload import GPU_PRODUCT, node, pod, running, waiting

from meninx.base.clock import to_rfc3339
from meninx.controller.actions import Decision, WriteStatus
from meninx.controller.model.decide import Observed, decide
from meninx.controller.model.evidence import HOLD_SECONDS, pulled
from meninx.controller.model.ledger import Ledger, Trouble, line_of, percentile
from meninx.resources.reasons import Reason

IMAGE = "registry.invalid/none:0"  # that of the pods of tests.support.workload
SHA256 = "5e" * 32
T0 = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
NO_SUCH = "manifest unknown: no such tag"


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def failing(made: float) -> dict[str, Any]:
    return pod(
        waiting("model", "ErrImagePull", NO_SUCH), made=to_rfc3339(at(made)), name=f"f{made}"
    )


def pulling(made: float) -> dict[str, Any]:
    return pod(running("model"), made=to_rfc3339(at(made)), name=f"p{made}")


def trouble(reason: Reason, started: float, finished: float, message: str = "") -> Trouble:
    said = f"It failed. image {IMAGE}; the AIModel names {SHA256[:12]}. {message}"
    return Trouble(reason, said, at(started), at(finished))


def look(
    now: float,
    *pods: dict[str, Any],
    status: Any = None,
    troubles: tuple[Trouble, ...] = (),
    generation: int = 1,
    **spec: Any,
) -> Decision:
    metadata = {"generation": generation, "creationTimestamp": to_rfc3339(T0)}
    resource = aimodel(metadata=metadata, status=status, **{"image": IMAGE, **spec})
    observed = Observed(resource, (node(),), pods=pods, troubles=troubles)
    return decide(observed, at(now), GPU_PRODUCT)


def said(decision: Decision, before: Any = None) -> tuple[dict[str, Any], str]:
    """Return the status as it is after a decision, and its reason."""
    written = [action.status for action in decision.actions if isinstance(action, WriteStatus)]
    status = written[0] if written else before
    return status, status["conditions"][0]["reason"]


def test_pull_that_fails_shows_on_the_model_in_the_registrys_words() -> None:
    status, reason = said(look(20, failing(10)))
    assert reason == "ImagePullFailed"
    assert NO_SUCH in status["conditions"][0]["message"]


def test_later_pod_that_pulls_clears_it() -> None:
    status, _ = said(look(20, failing(10)))
    assert said(look(30, failing(10), status=status), status)[1] == "ImagePullFailed"
    status, reason = said(look(40, failing(10), pulling(30), status=status), status)
    assert reason == "Ready"


def test_change_of_the_spec_clears_what_was_learned_before() -> None:
    status, _ = said(look(20, failing(10)))
    status, reason = said(look(30, failing(10), status=status, generation=2), status)
    assert reason == "Ready"
    later = look(40, failing(10), status=status, generation=2)
    assert said(later, status)[1] == "Ready", "the old pod goes on failing"
    anew = look(50, failing(10), failing(35), status=status, generation=2)
    assert said(anew, status)[1] == "ImagePullFailed", "a pod of the new spec"


def test_failed_job_holds_the_next_one_back_for_a_while() -> None:
    ended = (trouble(Reason.IMAGE_PULL_FAILED, 10, 100),)
    status, reason = said(look(110, troubles=ended))
    assert reason == "ImagePullFailed"
    shortly_before = look(90 + HOLD_SECONDS, status=status, troubles=ended)
    assert (shortly_before.actions, shortly_before.look_again_seconds) == ((), 10.0)
    after = look(100 + HOLD_SECONDS, status=status, troubles=ended)
    status, reason = said(after, status)
    assert reason == "Ready"
    assert said(look(900, status=status, troubles=ended), status)[1] == "Ready"


def test_registrys_words_are_kept_while_the_next_job_waits() -> None:
    status, _ = said(look(20, failing(10)))
    after = look(110, status=status, troubles=(trouble(Reason.IMAGE_PULL_FAILED, 10, 100),))
    assert after.actions == (), "nothing new to say"
    assert NO_SUCH in status["conditions"][0]["message"]


def test_other_images_failures_are_not_the_models() -> None:
    assert said(look(20, failing(10), image="other"))[1] == "Ready"
    ours = (Trouble(Reason.IMAGE_PULL_FAILED, "Step fetch, image meninx", at(1), at(2)),)
    assert said(look(20, troubles=ours))[1] == "Ready"


def test_wrong_weights_stop_the_model_until_spec_or_jobs_go() -> None:
    found = (trouble(Reason.WEIGHTS_MISMATCH, 10, 20),)
    status, reason = said(look(30, troubles=found))
    assert reason == "WeightsMismatch"
    assert said(look(9000, status=status, troubles=found), status)[1] == "WeightsMismatch"
    assert said(look(9000, status=status), status)[1] == "Ready", "the failed jobs were deleted"
    changed = look(9000, status=status, troubles=found, generation=2)
    status, reason = said(changed, status)
    assert reason == "Ready"
    assert said(look(9100, status=status, troubles=found, generation=2), status)[1] == "Ready"


def test_mismatch_of_other_weights_is_not_this_models() -> None:
    found = (trouble(Reason.WEIGHTS_MISMATCH, 10, 20),)
    assert said(look(30, troubles=found, weights={"sha256": "0" * 64}))[1] == "Ready"


def test_missing_secrets_are_named() -> None:
    resource = aimodel(metadata={"generation": 1})
    missing = ("one", "two")
    decision = decide(Observed(resource, (node(),), missing_secrets=missing), T0, GPU_PRODUCT)
    status, reason = said(decision)
    assert reason == "SecretNotFound"
    assert "Secret: one, two." in status["conditions"][0]["message"]


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        pytest.param(waiting("model", "ImagePullBackOff", "back-off"), "back-off", id="backs off"),
        pytest.param(waiting("model", "InvalidImageName", "bad"), "bad", id="no name"),
        pytest.param(waiting("model", "PodInitializing"), None, id="not its turn"),
        pytest.param(waiting("fetch", "ErrImagePull", "ours"), None, id="our own image"),
        pytest.param(running("model"), "", id="runs"),
    ],
)
def test_pod_shows_whether_the_image_is_there(shown: dict[str, Any], wanted: str | None) -> None:
    told = pulled(pod(shown), IMAGE)
    assert (wanted in told) if told and wanted else told == wanted


def job(name: str, phase: str | None, *, admitted: bool = False, **status: Any) -> dict[str, Any]:
    said = [condition("Admitted", status="True" if admitted else "False")]
    whole = {"conditions": said, **({"phase": phase} if phase else {}), **status}
    return inferencejob(name, status=whole, metadata={"creationTimestamp": to_rfc3339(T0)})


@pytest.mark.parametrize(
    ("made", "standing"),
    [
        pytest.param(inferencejob("a"), "waiting", id="new"),
        pytest.param(job("a", "Queued"), "waiting", id="in line"),
        pytest.param(job("a", "Queued", admitted=True, jobName="k"), "running", id="starts"),
        pytest.param(job("a", "Running", admitted=True, jobName="k"), "running", id="runs"),
        pytest.param(job("a", "Queued", jobName="k"), "waiting", id="gave way"),
        pytest.param(job("a", "Delivering", admitted=True, jobName="k"), "other", id="delivers"),
        pytest.param(job("a", "Succeeded", admitted=True, jobName="k"), "succeeded", id="done"),
        pytest.param(job("a", "Failed", admitted=True), "failed", id="failed"),
        pytest.param(job("a", "Cancelled"), "other", id="cancelled"),
    ],
)
def test_job_stands_where_its_status_says(made: dict[str, Any], standing: str) -> None:
    assert line_of(made).standing == standing


def test_ledger_tells_when_a_model_comes_into_use_and_out() -> None:
    ledger, model = Ledger(), ("AIModel", "unet-meningioma")
    runs: dict[str, Any] = {"admitted": True, "jobName": "k"}
    assert ledger.saw(job("a", "Queued")) is None
    assert ledger.saw(job("a", "Running", **runs)) == model
    assert ledger.saw(job("b", "Running", **runs)) is None
    assert [name for name, _ in ledger.running([model])] == ["a", "b"]
    assert ledger.saw(job("a", "Succeeded")) is None
    assert ledger.gone("b") == model
    assert ledger.gone("b") is None
    assert (ledger.tally(model).succeeded, ledger.running([model])) == (1, ())


def test_latency_is_from_creation_to_the_store() -> None:
    ledger, model = Ledger(), ("AIModel", "unet-meningioma")
    for number in range(1, 21):
        stored = condition("Stored") | {"lastTransitionTime": to_rfc3339(at(number))}
        ledger.saw(job(f"j{number}", "Succeeded") | {"status": {
            "phase": "Succeeded", "conditions": [stored]}})  # fmt: skip
    tally = ledger.tally(model)
    assert (tally.succeeded, tally.p50, tally.p95) == (20, 10.0, 19.0)


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [([1.0], 0.5, 1.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0], 0.95, 2.0), ([1, 2, 3], 0.5, 2)],
)
def test_percentile_is_a_value_that_was_seen(
    values: list[float], share: float, wanted: float
) -> None:
    assert percentile(values, share) == wanted


def test_failed_job_of_the_model_keeps_its_reason() -> None:
    why = condition("Inferred", status="False") | {"reason": "WeightsMismatch", "message": "m"}
    failed = job("a", "Failed") | {"status": {"phase": "Failed", "conditions": [why],
        "startedAt": to_rfc3339(at(1)), "finishedAt": to_rfc3339(at(2))}}  # fmt: skip
    ledger = Ledger()
    ledger.saw(failed)
    (found,) = ledger.troubles([("AIModel", "unet-meningioma")])
    assert found == Trouble(Reason.WEIGHTS_MISMATCH, "m", at(1), at(2))

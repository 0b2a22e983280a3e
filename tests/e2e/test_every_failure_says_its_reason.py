"""Each way in which a job's own work fails, on a real cluster: its reason, its remedy, its retries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e import slow_registry
from tests.e2e.failing import (
    CLAIM,
    WORK,
    Failing,
    Lab,
    all_gpus,
    claim,
    lab,
    message,
    needs,
    reason,
)
from tests.e2e.site import Site

from meninx.base.clock import from_rfc3339
from meninx.resources.reasons import MEANINGS, Reason

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240, func_only=True),
    pytest.mark.rule("said-plainly"),
]
EAT = "exec python -c 'x = bytearray(10**9)'"
NO_IMAGE = "registry.invalid/none:0"
AWAY = {"sha256": "0" * 64, "uri": "https://weights.invalid/weights.bin"}
OTHER = {"sha256": "0" * 64, "uri": f"pvc://{CLAIM}/weights.bin"}


@dataclass(frozen=True)
class Case:
    """A job that fails so."""

    reason: str
    script: str
    attempts: int = 1
    counts: bool = True
    says: str = ""
    """What its message holds beside the reason's own sentence."""
    model: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)


SMALL = {"gpu": {"count": 0}, "cpu": "50m", "memory": "64Mi"}
CASES = {
    "exit-65": Case("InputNotForModel", "echo not a head; exit 65", says="not a head"),
    "exit-66": Case("NotFinite", "exit 66"),
    "exit-75": Case("ModelAskedAgain", "exit 75", attempts=2, job={"retries": 1}),
    "exit-3": Case(
        "ModelFailed", "echo no driver; exit 3", says="Exit code 3. It said: 'no driver'"
    ),
    "no-command": Case("ModelFailed", "", says="no such file", model={"command": ["/no/such"]}),
    "memory": Case(
        "OutOfMemory", EAT, attempts=2, counts=False, says="2 times", model={"resources": SMALL}
    ),
    "weights-away": Case(
        "WeightsFailed",
        WORK,
        model={"weights": AWAY, "startDeadlineSeconds": 10},
    ),
    "weights-differ": Case("WeightsMismatch", WORK, model={"weights": OTHER}),
    "time": Case("TimedOut", "sleep 100", says="Limit: 35 s", model={"timeoutSeconds": 35}),
    "bad-result": Case("BadResult", "exit 0", says="wrote no segmentation"),
    "no-study": Case("FetchFailed", WORK, job={"input": {}}),
    "deadline": Case("DeadlineExceeded", "sleep 100", attempts=0, job={"deadlineSeconds": 30}),
    "image": Case(
        "ImagePullFailed",
        WORK,
        attempts=0,
        says=NO_IMAGE,
        model={"image": NO_IMAGE, "startDeadlineSeconds": 20},
    ),
}


@pytest.fixture(scope="module")
def started(site: Site) -> Iterator[dict[str, Failing]]:
    """Start all of them side by side."""
    with claim(site), lab(site) as made, slow_registry.serving(seconds=15) as image:
        jobs = {name: _begin(made, name, case) for name, case in CASES.items()}
        slow = {"image": image, "command": ["/program"], "startDeadlineSeconds": 5}
        slow_pull = made.begin("slow-pull", "", model=slow)
        jobs["image"].pod(lambda pod: pod["spec"].get("nodeName"))
        yield jobs | {
            "slow-pull": slow_pull,
            "behind": made.begin("behind", WORK, model={"resources": needs(1)}),
        }


def _begin(made: Lab, name: str, case: Case) -> Failing:
    job = dict(case.job)
    if "input" in job:
        series = [{**channel, "series": "s-none"} for channel in made.given["channels"]]
        job["input"] = {**made.given, "study": "s-none", "channels": series}
    model = dict(case.model)
    if name == "image":
        model["resources"] = needs(all_gpus(made.site))
    return made.begin(name, case.script, model=model, **job)


@pytest.mark.parametrize("name", CASES)
def test_failure_says_reason_remedy_and_attempts(started: dict[str, Failing], name: str) -> None:
    case, job = CASES[name], started[name]
    status = job.end()
    assert (status["phase"], reason(status)) == ("Failed", case.reason)
    meaning = MEANINGS[Reason(case.reason)]
    for part in (meaning.sentence, case.says, meaning.remedy):
        assert part in message(status)
    assert job.attempts() == [(case.reason, case.counts)] * case.attempts


def test_job_behind_a_broken_image_gets_its_gpu(started: dict[str, Failing]) -> None:
    """O-23: what can't be pulled holds a GPU until the start deadline, not for days."""
    status = started["behind"].end()
    assert status["phase"] == "Succeeded"
    assert started["image"].status["finishedAt"] <= status["steps"][0]["startedAt"]


def test_slow_pull_that_works_is_left_alone(started: dict[str, Failing]) -> None:
    """O-23: three times the start deadline, yet its container starts and says its own word."""
    status = started["slow-pull"].end()
    assert reason(status) == "InputNotForModel"
    steps = {step["name"]: step for step in status["steps"]}
    fetched = from_rfc3339(steps["fetch"]["finishedAt"])
    assert (from_rfc3339(steps["model"]["startedAt"]) - fetched).total_seconds() > 10


def test_failed_job_tells_its_events(started: dict[str, Failing]) -> None:
    job = started["exit-65"]
    job.end()
    told = job.site.kubectl("events", "--for", f"inferencejob/{job.name}", "--types", "Warning")
    assert "InputNotForModel" in told
    assert "not a head" in told

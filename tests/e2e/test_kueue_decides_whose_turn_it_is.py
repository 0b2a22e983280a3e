"""Jobs that name a queue of Kueue, with real Kueue on the cluster: it admits, preempts and admits again.

Kueue is built from its Go module and installed by its own manifests, webhooks and certificates
included; `kueue.py` says what is changed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e import kueue
from tests.e2e.failing import WORK, Failing, Lab, infers, lab, message, needs, reason
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.kube.kinds import JOB

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240, func_only=True)]

SLOW = f"sleep 8; {WORK}"


@dataclass(frozen=True)
class Seen:
    """What was seen of one job at one time."""

    status: Manifest
    job: Manifest | None
    """Its Kubernetes Job."""

    @property
    def why(self) -> tuple[str, str]:
        """Return phase and reason."""
        return self.status["phase"], reason(self.status)


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Lab]:
    """Return where the jobs are made."""
    with lab(site) as made:
        yield made


@pytest.fixture(scope="module")
def story(place: Lab) -> Iterator[dict[str, Seen]]:
    """Tell a day of a queue of one GPU; return what was seen on the way."""
    first = _begin(place, "first", SLOW)
    seen = {"absent": _see(first, "KueueNotInstalled")}
    with kueue.installed(place.site):
        first.pod(infers)
        second = _begin(place, "second", SLOW)
        seen["no-quota"] = _see(second, "WaitingForKueue", says="insufficient")
        stat = _begin(place, "stat", WORK, priority="Stat")
        seen["preempted"] = _see(first, "EvictedByKueue")
        seen["stat"] = _end(stat)
        first.pod(infers)
        seen["stopped"] = _person(first, seen="Suspended", suspend=True)
        second.pod(infers)  # before that, Kueue lets a newer job pass it
        held = _begin(place, "held", WORK)
        _see(held, "WaitingForKueue", says="insufficient")
        seen["held"] = _person(held, seen="Suspended", suspend=True)
        _patch(first, suspend=False)
        first.until("Workload", lambda: kueue.workloads(place.site, first.status["jobName"]))
        seen["resumed"] = _person(held, seen="WaitingForKueue", suspend=False)
        seen["cancelled"] = _person(held, seen="Cancelled", cancel=True)
        seen |= {"second": _end(second), "first": _end(first)}
        kueue.stop(place.site)
        seen["away"] = _see(place.begin("kueue-away", WORK), "WebhookAway")
        yield seen


def _begin(place: Lab, name: str, script: str, **job: Any) -> Failing:
    model = {"resources": needs(1)}
    return place.begin(f"kueue-{name}", script, model=model, queueName=kueue.QUEUE, **job)


def _see(job: Failing, why: str, *, says: str = "") -> Seen:
    """Wait until the job says so, and return what is seen of it."""

    def look() -> bool:
        status = job.status
        said = bool(status.get("conditions")) and reason(status) == why
        return said and says in message(status)

    job.until(f"{why} {says}", look)
    return _seen(job)


def _end(job: Failing) -> Seen:
    job.end()
    return _seen(job)


def _seen(job: Failing) -> Seen:
    status = job.status
    name = status.get("jobName")
    return Seen(status, job.site.api.get(JOB, NAMESPACE, name) if name else None)


def _patch(job: Failing, **spec: Any) -> None:
    patch = json.dumps({"spec": spec})
    job.site.kubectl("patch", "inferencejob", job.name, "--type=merge", "-p", patch)


def _person(job: Failing, *, seen: str, **spec: Any) -> Seen:
    """Change the job as a person does; wait for what it says, and that its Workload follows."""
    _patch(job, **spec)
    _see(job, seen)
    if seen != "WaitingForKueue":
        name = job.status["jobName"]
        job.until("end of its Workload", lambda: not kueue.workloads(job.site, name))
    return _seen(job)


def test_queue_without_kueue_is_said_plainly(story: dict[str, Seen]) -> None:
    """The job waits, with a remedy, and goes on by itself when Kueue is installed."""
    seen = story["absent"]
    assert seen.why == ("Queued", "KueueNotInstalled")
    assert "Install it" in message(seen.status)
    assert seen.job is None


def test_job_that_waits_says_what_kueue_says(story: dict[str, Seen]) -> None:
    seen = story["no-quota"]
    assert seen.why == ("Queued", "WaitingForKueue")
    assert "Kueue says: " in message(seen.status)
    assert "nvidia.com/gpu" in message(seen.status)
    assert seen.job is not None
    assert seen.job["spec"]["suspend"] is True
    assert seen.job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == kueue.QUEUE
    assert story["second"].status["phase"] == "Succeeded"
    assert (
        story["second"].status["timings"]["waiting"] > story["second"].status["timings"]["starting"]
    )


def test_stat_takes_the_turn_of_routine_by_kueue(story: dict[str, Seen]) -> None:
    seen = story["preempted"]
    assert seen.why == ("Queued", "EvictedByKueue")
    assert "Preempted to accommodate" in message(seen.status)
    assert story["stat"].status["phase"] == "Succeeded"


def test_what_kueue_and_people_stop_uses_no_retry(story: dict[str, Seen]) -> None:
    """The job has no retries: evicted once, suspended once, it still ends well."""
    status = story["first"].status
    assert status["phase"] == "Succeeded"
    said = [(attempt["reason"], attempt["counts"]) for attempt in status["failedAttempts"]]
    assert said == [("EvictedByKueue", False), ("Suspended", False)]


@pytest.mark.parametrize("moment", ["held", "stopped"])
def test_suspended_job_frees_its_place_in_kueue(story: dict[str, Seen], moment: str) -> None:
    assert story[moment].why == ("Pending", "Suspended")
    assert story[moment].job is None


def test_job_that_is_resumed_waits_for_kueue_again(story: dict[str, Seen]) -> None:
    seen = story["resumed"]
    assert seen.why == ("Queued", "WaitingForKueue")


def test_job_that_kueue_keeps_from_being_made_says_so(story: dict[str, Seen]) -> None:
    """Kueue's webhooks stand before every Job: while it is down none is made, whatever its queue."""
    assert story["away"].why == ("Queued", "WebhookAway")
    assert "mjob.kb.io" in message(story["away"].status)


def test_cancelled_job_leaves_nothing_in_kueue(story: dict[str, Seen]) -> None:
    assert story["cancelled"].status["phase"] == "Cancelled"
    assert story["cancelled"].job is None

"""Jobs that Kueue admits instead of our own queue (pure).

Kueue's contract for a `batch/v1` Job: it is made with the label that names its LocalQueue and
with `spec.suspend: true`; Kueue sets that to false when there is quota, adds the node selector of
the flavour that it chose, and sets it back to true to preempt. From then on both fields are its.
So we name `suspend` when the Job is made and never again. What it thinks of a Job is on the
Workload that it makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from meninx.controller.job.observed import KUEUE_LABEL
from meninx.controller.queue.admission import Admission
from meninx.kube import conditions
from meninx.resources import names
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

GROUP = "kueue.x-k8s.io"
ABSENT = Admission(granted=False, reason=Reason.KUEUE_NOT_INSTALLED)
REASONS = (Reason.WAITING_FOR_KUEUE, Reason.EVICTED_BY_KUEUE, Reason.KUEUE_NOT_INSTALLED)
"""Why a job that Kueue admits has no turn."""


def handed_over(manifest: Mapping[str, Any], queue_name: str | None) -> dict[str, Any]:
    """Return a Kubernetes Job as it is made: suspended, for Kueue, where a queue is named."""
    if not queue_name:
        return dict(manifest)
    metadata, spec = manifest["metadata"], manifest["spec"]
    labels = {**(metadata.get("labels") or {}), KUEUE_LABEL: queue_name}
    return {
        **manifest,
        "metadata": {**metadata, "labels": labels},
        "spec": {**spec, "suspend": True},
    }


_MOST = 500
"""Characters of what Kueue says that are told on."""


@dataclass(frozen=True)
class Word:
    """What Kueue says of a Kubernetes Job that it has not admitted."""

    reason: Reason
    detail: str = ""


SILENCE = Word(Reason.WAITING_FOR_KUEUE)
"""It has not said anything yet."""


class Kueues(Protocol):
    """What is known of Kueue."""

    def installed(self) -> bool:
        """Tell whether the API server knows it."""
        ...

    def word(self, job_uid: str) -> Word:
        """Return what it says of the Kubernetes Job of this uid."""
        ...


class NoKueue:
    """There is none."""

    def installed(self) -> bool:
        """Tell that it is not there."""
        return False

    def word(self, job_uid: str) -> Word:
        """Return nothing."""
        return SILENCE


def word(workload: Manifest) -> Word:
    """Return what a Workload says: that its turn was taken back, or why it has none yet."""
    said = (workload.get("status") or {}).get("conditions") or ()
    evicted = conditions.find(said, "Evicted") or {}
    if evicted.get("status") == "True":
        return Word(Reason.EVICTED_BY_KUEUE, _quoted(evicted))
    for type_ in ("QuotaReserved", "Admitted"):
        condition = conditions.find(said, type_) or {}
        if condition.get("status") == "False":
            return Word(Reason.WAITING_FOR_KUEUE, _quoted(condition))
    return SILENCE


def _quoted(condition: Manifest) -> str:
    message = " ".join(str(condition.get("message") or "").split()).rstrip(".")
    return f"Kueue says: {message[:_MOST]}." if message else ""


def job_of(workload: Manifest) -> tuple[str, str]:
    """Return the uid of a Workload's Kubernetes Job, and the InferenceJob's name; empty: not ours."""
    owners = workload["metadata"].get("ownerReferences") or ()
    uid = next((str(owner["uid"]) for owner in owners if owner.get("kind") == "Job"), "")
    for pods in (workload.get("spec") or {}).get("podSets") or ():
        marks = ((pods.get("template") or {}).get("metadata") or {}).get("annotations") or {}
        if marks.get(names.LABEL_JOB):
            return uid, str(marks[names.LABEL_JOB])
    return uid, ""


def admission(said: Word, *, installed: bool) -> Admission:
    """Return whether the Kubernetes Job of such a job may be made; Kueue decides when it runs."""
    return Admission(granted=True, reason=said.reason, detail=said.detail) if installed else ABSENT

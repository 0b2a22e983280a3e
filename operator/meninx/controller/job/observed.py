"""Everything that a decision about one InferenceJob looks at."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.chain import Chain, Obstacle
from meninx.controller.job.steps import by_age, moment
from meninx.controller.queue.admission import UNDECIDED, Admission
from meninx.kube import conditions
from meninx.resources.reasons import Reason

Manifest = dict[str, Any]

KUEUE_LABEL = "kueue.x-k8s.io/queue-name"
"""Kueue alone holds back and lets go the Kubernetes Jobs that carry it."""
GIVEN_UP = frozenset({Reason.PREEMPTED, Reason.SUSPENDED, Reason.EVICTED_BY_KUEUE})
"""Reasons of an attempt that was ended because its Job was held back."""
OVER = ("Succeeded", "Failed")
"""Phases of a pod that works no more."""


def _metadata(manifest: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (manifest or {}).get("metadata") or {}


@dataclass(frozen=True)
class Observed:
    """Everything that a decision about one InferenceJob looks at."""

    resource: Manifest
    chain: Chain | Obstacle
    kubernetes_job: Manifest | None = None
    pods: tuple[Manifest, ...] = ()
    admission: Admission = UNDECIDED
    pod_refused: str = ""
    """What the cluster says of a pod that it forbids; empty where nothing is known."""

    @property
    def status(self) -> Mapping[str, Any]:
        """Return the resource's status as it is."""
        return self.resource.get("status") or {}

    @property
    def made_at(self) -> dt.datetime | None:
        """Return when the Kubernetes Job was made."""
        return moment(_metadata(self.kubernetes_job).get("creationTimestamp"))

    @property
    def begun(self) -> str | None:
        """Return when the job got its turn: when its Kubernetes Job was made, or by Kueue, begun."""
        job = self.kubernetes_job or {}
        if not self.is_kueues:
            return _metadata(job).get("creationTimestamp")
        return None if self.suspended else (job.get("status") or {}).get("startTime")

    @property
    def created_at(self) -> dt.datetime | None:
        """Return when the resource itself was made."""
        return moment(_metadata(self.resource).get("creationTimestamp"))

    @property
    def suspended(self) -> bool:
        """Tell whether the Kubernetes Job is held back."""
        return bool(((self.kubernetes_job or {}).get("spec") or {}).get("suspend"))

    @property
    def is_kueues(self) -> bool:
        """Tell whether Kueue holds back and lets go the Kubernetes Job."""
        return self.queue_name is not None

    @property
    def is_going(self) -> bool:
        """Tell whether the Kubernetes Job is being deleted, by whomever."""
        return bool(_metadata(self.kubernetes_job).get("deletionTimestamp"))

    @property
    def held(self) -> bool:
        """Tell whether pods are ended by us or with their Job, which is no failure of theirs."""
        return self.suspended or self.is_going

    @property
    def attempts(self) -> tuple[Manifest, ...]:
        """Return the pods, without those that were ended because their Job was held back."""
        given_up = {
            attempt.get("pod")
            for attempt in self.status.get("failedAttempts") or ()
            if attempt.get("reason") in GIVEN_UP
        }
        return tuple(pod for pod in self.pods if pod["metadata"].get("name") not in given_up)

    @property
    def newest_pod(self) -> Manifest | None:
        """Return the pod of the last attempt; one that is ended because its Job is held is none."""
        pods = [pod for pod in self.attempts if not (self.held and _goes(pod))]
        return dict(by_age(pods)[-1]) if pods else None

    @property
    def ending_pod(self) -> Manifest | None:
        """Return the pod of the last attempt where it is ended because its Job is held back."""
        pods = by_age([pod for pod in self.attempts if self.held and _goes(pod)])
        return dict(pods[-1]) if pods else None

    @property
    def queue_name(self) -> str | None:
        """Return the LocalQueue that the Kubernetes Job names; None where Kueue has no part in it."""
        name = (_metadata(self.kubernetes_job).get("labels") or {}).get(KUEUE_LABEL)
        return None if name is None else str(name)

    @property
    def has_pods(self) -> bool:
        """Tell whether a pod of the Job works, or ends and has not been counted off yet.

        A Job that is let go on before that counts it as failed.
        """
        status = (self.kubernetes_job or {}).get("status") or {}
        working = any(_works(pod) for pod in self.attempts)
        return bool(status.get("active") or status.get("terminating") or working)

    def job_condition(self, type_: str) -> bool:
        """Tell whether the Kubernetes Job is there and has a condition."""
        status = (self.kubernetes_job or {}).get("status") or {}
        return conditions.is_true(status.get("conditions") or (), type_)

    def condition(self, type_: str) -> bool:
        """Tell whether the resource itself has a condition."""
        return conditions.is_true(self.status.get("conditions") or (), type_)

    @property
    def work_ended(self) -> bool:
        """Tell whether the Kubernetes Job has ended, well or badly."""
        return self.job_condition("Complete") or self.job_condition("Failed")

    @property
    def work_done(self) -> bool:
        """Tell whether the result is safe: by the Job itself, or by what was said before it went."""
        if self.job_condition("Complete"):
            return True
        if self.job_condition("Failed"):
            return self.condition("Stored")
        missing = self.kubernetes_job is None
        return missing and (self.condition("Stored") or self.status.get("phase") == "Delivering")


def _works(pod: Mapping[str, Any]) -> bool:
    over = (pod.get("status") or {}).get("phase") in OVER
    return not over and not _metadata(pod).get("deletionTimestamp")


def _goes(pod: Mapping[str, Any]) -> bool:
    return _works(pod) or bool(_metadata(pod).get("deletionTimestamp"))

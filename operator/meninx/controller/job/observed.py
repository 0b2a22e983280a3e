"""Everything that a decision about one InferenceJob looks at."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.status import INFERRED, Facts
from meninx.controller.job.steps import by_age, moment
from meninx.kube import conditions

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Observed:
    """Everything that a decision about one InferenceJob looks at."""

    resource: Manifest
    model: Manifest | None = None
    kubernetes_job: Manifest | None = None
    pods: tuple[Manifest, ...] = ()

    @property
    def status(self) -> Mapping[str, Any]:
        """Return the resource's status as it is."""
        return self.resource.get("status") or {}

    @property
    def newest_pod(self) -> Manifest | None:
        """Return the pod of the last attempt."""
        return dict(by_age(self.pods)[-1]) if self.pods else None

    @property
    def made_at(self) -> dt.datetime | None:
        """Return when the Kubernetes Job was made."""
        metadata = (self.kubernetes_job or {}).get("metadata") or {}
        return moment(metadata.get("creationTimestamp"))

    def facts(self) -> Facts:
        """Return what the status shows of the work."""
        return Facts(self.kubernetes_job, self.newest_pod, len(self.pods))

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
        """Tell whether the result is safe, by the Job itself or, without it, by the conditions."""
        if self.job_condition("Complete"):
            return True
        if self.job_condition("Failed"):
            return self.condition("Stored")
        missing = self.kubernetes_job is None
        return missing and (self.condition("Stored") or self.condition(INFERRED))

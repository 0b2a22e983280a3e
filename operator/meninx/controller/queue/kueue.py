"""Jobs that Kueue admits instead of our own queue (pure).

Kueue's contract for a `batch/v1` Job: it is made with the label that names its LocalQueue and
with `spec.suspend: true`; Kueue sets that to false when there is quota, adds the node selector of
the flavour that it chose, and sets it back to true to preempt. From then on both fields are its.
So we name `suspend` when the Job is made and never again.
"""

from collections.abc import Mapping
from typing import Any

from meninx.controller.job.observed import KUEUE_LABEL
from meninx.controller.queue.admission import GRANTED, Admission
from meninx.resources.reasons import Reason

GROUP = "kueue.x-k8s.io"
ABSENT = Admission(
    granted=False,
    reason=Reason.WAITING_FOR_KUEUE,
    detail=f"The job names a queue (spec.queueName), and the API server does not know {GROUP}: "
    "install Kueue, or leave out queueName.",
)


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


def admission(*, installed: bool) -> Admission:
    """Return whether the Kubernetes Job of such a job may be made; Kueue decides when it runs."""
    return GRANTED if installed else ABSENT

"""Builders of what Kubernetes makes of a job: Job, pod, container states, node."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.make import NAMESPACE

from meninx.base.clock import from_rfc3339, to_rfc3339
from meninx.resources import names

Manifest = dict[str, Any]

JOB_UID, RESOURCE_UID = "uid-of-job", "uid-1"
GPU_PRODUCT = "NVIDIA-A100-PCIE-40GB"
MADE = "2026-01-05T09:00:00Z"


def node(
    name: str = "node-1", *, gpus: str = "1", product: str = GPU_PRODUCT, **labels: str
) -> Manifest:
    """Return a node that offers GPUs."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": product, **labels}},
        "status": {
            "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110", "nvidia.com/gpu": gpus}
        },
    }


def waiting(name: str, reason: str = "PodInitializing", message: str = "") -> Manifest:
    """Return the status of a container that waits."""
    return {"name": name, "state": {"waiting": {"reason": reason, "message": message}}}


def running(name: str, started: str = "2026-01-05T09:00:05Z") -> Manifest:
    """Return the status of a container that runs."""
    return {"name": name, "state": {"running": {"startedAt": started}}}


def ended(name: str, code: int = 0, **terminated: str) -> Manifest:
    """Return the status of a container that ended; keywords replace its fields."""
    state: Manifest = {
        "exitCode": code,
        "reason": "Completed" if code == 0 else "Error",
        "startedAt": "2026-01-05T09:00:05Z",
        "finishedAt": "2026-01-05T09:00:08Z",
    }
    return {"name": name, "state": {"terminated": state | terminated}}


def scheduled(when: str = MADE) -> Manifest:
    """Return the condition of a pod that has its node."""
    return {"type": "PodScheduled", "status": "True", "lastTransitionTime": when}


def unschedulable(
    message: str = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
) -> Manifest:
    """Return the condition of a pod that fits on no node."""
    return {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
    }  # fmt: skip


def pod(
    *states: Manifest,
    name: str = "attempt-1",
    made: str = MADE,
    conditions: Sequence[Manifest] | None = None,
    containers: Sequence[str] = ("fetch", "model", "deliver"),
    **status: Any,
) -> Manifest:
    """Return a pod of the Job with these container states; keywords go into its status."""
    image = {"fetch": "meninx", "deliver": "meninx"}
    shown = [{"name": n, "image": image.get(n, "registry.invalid/none:0")} for n in containers]
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": made,
            "ownerReferences": [{"kind": "Job", "uid": JOB_UID}],
        },
        "spec": {
            "nodeName": "node-1",
            "activeDeadlineSeconds": 1800,
            "terminationGracePeriodSeconds": 10,
            "initContainers": shown[:-1],
            "containers": shown[-1:],
        },
        "status": {
            "phase": "Pending",
            "conditions": list(conditions if conditions is not None else [scheduled()]),
            "initContainerStatuses": [c for c in states if c["name"] != "deliver"],
            "containerStatuses": [c for c in states if c["name"] == "deliver"],
            **status,
        },
    }


def deleted(shown: Manifest, when: str = "2026-01-05T09:00:07Z", *, grace: int = 10) -> Manifest:
    """Return the pod as it is once somebody asked for its deletion at that moment."""
    gone_by = from_rfc3339(when) + dt.timedelta(seconds=grace)
    asked = {"deletionTimestamp": to_rfc3339(gone_by), "deletionGracePeriodSeconds": grace}
    return {**shown, "metadata": {**shown["metadata"], **asked}}


def kubernetes_job(
    *true_conditions: str,
    resource_name: str = "route-s0-1",
    spec: Mapping[str, Any] | None = None,
    **reason: str,
) -> Manifest:
    """Return the Job of an InferenceJob; conditions named are True, `Failed="Why"` has a reason."""
    said = dict.fromkeys(true_conditions, "Said") | reason
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.kubernetes_job(resource_name, RESOURCE_UID),
            "namespace": NAMESPACE,
            "uid": JOB_UID,
            "creationTimestamp": MADE,
        },
        "spec": {"backoffLimit": 2, **(spec or {})},
        "status": {
            "conditions": [
                {"type": type_, "status": "True", "reason": why, "message": "as the Job says"}
                for type_, why in said.items()
            ]
        },
    }

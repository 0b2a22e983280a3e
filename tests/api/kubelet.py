"""A stand-in for kubelet, scheduler and Job controller: it writes the status that they would write."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import SystemClock, to_rfc3339
from meninx.kube.client import KubeApi
from meninx.kube.kinds import JOB, NODE, POD

Manifest = dict[str, Any]
MANAGER = "stand-in"
GPU_PRODUCT = "NVIDIA-A100-PCIE-40GB"


def _now() -> str:
    return to_rfc3339(SystemClock().now())


def ended(name: str, code: int = 0, message: str = "") -> Manifest:
    """Return the status of a container that ended."""
    state = {"exitCode": code, "startedAt": _now(), "finishedAt": _now(), "message": message}
    state["reason"] = "Completed" if code == 0 else "Error"
    return {"name": name, **_ALWAYS, "state": {"terminated": state}}


def running(name: str) -> Manifest:
    """Return the status of a container that runs."""
    return {"name": name, **_ALWAYS, "state": {"running": {"startedAt": _now()}}}


def waiting(name: str, reason: str) -> Manifest:
    """Return the status of a container that waits."""
    return {"name": name, **_ALWAYS, "state": {"waiting": {"reason": reason}}}


_MAIN = {"deliver", "train"}
"""Containers that come last in their pod; the others are init containers."""
_ALWAYS = {"image": "i", "imageID": "", "ready": False, "restartCount": 0}


@dataclass(frozen=True)
class Kubelet:
    """Writes what the test says as if it had happened."""

    api: KubeApi

    def node(self, name: str = "node-1", gpus: str = "1") -> None:
        """Register a node with GPUs."""
        labels = {"nvidia.com/gpu.product": GPU_PRODUCT}
        node = {"metadata": {"name": name, "labels": labels}, "spec": {"taints": []}}
        for _ in range(2):  # the server taints a new node as not ready; once more takes that away
            self.api.apply(NODE, node, manager=MANAGER)
        room = {"cpu": "8", "memory": "32Gi", "pods": "20", "nvidia.com/gpu": gpus}
        status = {"capacity": room, "allocatable": room}
        self._status(NODE, {"name": name}, status)

    def pod(self, job: Mapping[str, Any], attempt: int = 1) -> Manifest:
        """Create the pod of an attempt from the Job's template, as the Job controller does."""
        template = copy.deepcopy(job["spec"]["template"])
        metadata = job["metadata"]
        owner = {
            "apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"],
            "uid": metadata["uid"], "controller": True,
        }  # fmt: skip
        manifest = {
            "metadata": {
                **template["metadata"],
                "name": f"{metadata['name']}-{attempt}",
                "namespace": metadata["namespace"],
                "ownerReferences": [owner],
            },
            "spec": {**template["spec"], "nodeName": "node-1"},
        }
        return self.api.apply(POD, manifest, manager=MANAGER)

    def pod_status(self, pod: Mapping[str, Any], phase: str, *containers: Manifest) -> None:
        """Set phase and containers of a scheduled pod."""
        scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": _now()}
        status = {
            "phase": phase,
            "conditions": [scheduled],
            "initContainerStatuses": [c for c in containers if c["name"] not in _MAIN],
            "containerStatuses": [c for c in containers if c["name"] in _MAIN],
        }
        self._status(POD, pod["metadata"], status)

    def job_complete(self, job: Mapping[str, Any]) -> None:
        """End the Job well."""
        conditions = [_true("SuccessCriteriaMet"), _true("Complete")]
        times = {"startTime": _now(), "completionTime": _now()}
        self._status(JOB, job["metadata"], {"succeeded": 1, "conditions": conditions, **times})

    def job_failed(self, job: Mapping[str, Any], reason: str = "BackoffLimitExceeded") -> None:
        """End the Job badly."""
        conditions = [_true("FailureTarget", reason), _true("Failed", reason)]
        status = {"failed": 1, "startTime": _now(), "conditions": conditions}
        self._status(JOB, job["metadata"], status)

    def _status(self, kind: Any, metadata: Mapping[str, Any], status: Manifest) -> None:
        keys = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        manifest = {"metadata": keys, "status": status}
        self.api.apply(kind, manifest, manager=MANAGER, subresource="status")


def _true(type_: str, reason: str = "Said") -> Manifest:
    now = _now()
    return {
        "type": type_, "status": "True", "reason": reason, "message": "",
        "lastTransitionTime": now, "lastProbeTime": now,
    }  # fmt: skip

"""Jobs that fail on purpose: one study in the store, a model and a job for each way to fail."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e import studies
from tests.e2e.site import NAMESPACE, Site, route
from tests.support.make import Manifest, label

from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE, POD, Kind

WORK = "exec python /opt/model/model.py"
"""What the threshold model's image does."""
ENDS = {"Succeeded", "Failed", "Cancelled"}
PREFIX, CLAIM = "e2e-failing-", "e2e-weights"
CLAIMS = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")


@dataclass(frozen=True)
class Lab:
    """Where jobs are made that fail, all on the same study."""

    site: Site
    study: studies.Study
    given: Manifest
    """spec.input of the jobs."""

    def begin(
        self, name: str, script: str, *, model: Manifest | None = None, **job: Any
    ) -> "Failing":
        """Make a model that runs a shell script, and a job of it without retries."""
        name = f"{PREFIX}{name}"
        spec = {
            "image": self.site.models["threshold"],
            "command": ["sh", "-c", script],
            "version": "1",
            "channels": [{"name": "t1c", "selector": {"minSlices": 8}}],
            "labels": [label()],
            "timeoutSeconds": 300,
            "resources": needs(0),
        } | (model or {})
        work = {"input": self.given, "modelRef": {"name": name}, "retries": 0} | job
        metadata = {"name": name, "namespace": NAMESPACE}
        for kind, body in ((AIMODEL, spec), (INFERENCEJOB, work)):
            self.site.api.apply(kind, {"metadata": metadata, "spec": body}, manager="e2e")
        return Failing(self.site, name)

    def clear(self) -> None:
        """Delete all that was made here."""
        for kind in (INFERENCEJOB, AIMODEL):
            for item in self.site.api.list(kind, NAMESPACE):
                if item["metadata"]["name"].startswith(PREFIX):
                    self.site.api.delete(kind, NAMESPACE, item["metadata"]["name"])


@dataclass(frozen=True)
class Failing:
    """One of these jobs."""

    site: Site
    name: str
    patience_seconds: float = field(default=150)

    @property
    def resource(self) -> Manifest:
        """Return the InferenceJob as it is."""
        return self.site.api.get(INFERENCEJOB, NAMESPACE, self.name) or {}

    @property
    def status(self) -> Manifest:
        """Return what is said of it."""
        status: Manifest = self.resource.get("status") or {}
        return status

    def until(self, what: str, look: Callable[[], Any]) -> Any:
        """Return what is found, or fail with what the job says."""
        end = time.monotonic() + self.patience_seconds
        while not (found := look()):
            if time.monotonic() > end:
                pytest.fail(f"{self.name}: no {what} in time: {self.status}")
            time.sleep(0.3)
        return found

    def end(self) -> Manifest:
        """Wait for its end and return its status."""
        self.until("end", lambda: self.status.get("phase") in ENDS)
        return self.status

    def pod(self, ready: Callable[[Manifest], Any] = bool) -> Manifest:
        """Wait for a pod that has not ended and is ready in this sense."""

        def look() -> Manifest | None:
            name = self.status.get("jobName")
            pods = self.site.api.list(POD, NAMESPACE, labels={"job-name": name}) if name else []
            living = [p for p in pods if p["status"].get("phase") in {"Pending", "Running"}]
            return next((p for p in living if ready(p)), None)

        found: Manifest = self.until("such pod", look)
        return found

    def delete_work(self) -> None:
        """Delete its Kubernetes Job, as a careless person does."""
        self.site.api.delete(JOB, NAMESPACE, self.status["jobName"])

    def attempts(self) -> list[tuple[str, bool]]:
        """Return reason of each failed attempt, and whether it used up a retry."""
        return [(a["reason"], a["counts"]) for a in self.status.get("failedAttempts") or ()]


def all_gpus(site: Site) -> int:
    """Return how many GPUs the node offers."""
    node = site.api.list(NODE, None)[0]
    return int(node["status"]["allocatable"]["nvidia.com/gpu"])


def needs(gpus: int) -> Manifest:
    """Return the resources of a model that takes so many GPUs."""
    return {"gpu": {"count": gpus}, "cpu": "50m", "memory": "512Mi"}


def reason(status: Manifest) -> str:
    """Return why a job failed: the reason of its first condition that is not true."""
    return next((str(c["reason"]) for c in status["conditions"] if c["status"] != "True"), "")


def message(status: Manifest) -> str:
    """Return the message beside the reason."""
    return next((str(c["message"]) for c in status["conditions"] if c["status"] != "True"), "")


def infers(pod: Manifest) -> bool:
    """Tell whether the model runs in the pod."""
    every = pod["status"].get("initContainerStatuses") or ()
    return any("running" in c["state"] for c in every if c["name"] == "model")


def plain_pod(image: str, command: list[str], **container: Any) -> Manifest:
    """Return the spec of a pod that is not a job's, with no more rights than a job's."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    only = {"name": "only", "image": image, "command": command, "securityContext": security}
    user = {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532}
    return {
        "containers": [only | container],
        "restartPolicy": "Never",
        "securityContext": user | {"seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
    }


@contextmanager
def claim(site: Site) -> Iterator[None]:
    """Have a volume with a file of weights on it."""
    metadata = {"name": CLAIM, "namespace": NAMESPACE}
    room = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    write = ["sh", "-c", "echo weights > /there/weights.bin"]
    mount = {"name": "there", "mountPath": "/there"}
    pod = plain_pod(site.models["threshold"], write, volumeMounts=[mount])
    pod["volumes"] = [{"name": "there", "persistentVolumeClaim": {"claimName": CLAIM}}]
    site.api.apply(CLAIMS, {"metadata": metadata, "spec": room}, manager="e2e")
    site.api.apply(POD, {"metadata": metadata, "spec": pod}, manager="e2e")
    try:
        yield
    finally:
        for kind in (POD, CLAIMS):
            site.api.delete(kind, NAMESPACE, CLAIM)


@contextmanager
def lab(site: Site) -> Iterator[Lab]:
    """Have a study in the store, with a job that ended well; all jobs made here go in the end."""
    description = "E2E-FAILING"
    with route(site, "threshold", description):
        study = studies.make(site, description)
        studies.send(site, study.images)
        done = site.wait(study.hash, "Succeeded")
    made = Lab(site, study, done["spec"]["input"])
    made.clear()
    try:
        yield made
    finally:
        made.clear()

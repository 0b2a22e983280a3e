"""A cluster in memory: API server, Job controller and kubelet that a test moves step by step."""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.support.clock import FakeClock
from tests.support.fake_kube import FakeKube
from tests.support.make import NAMESPACE, aimodel, condition, conditions_of
from tests.support.workload import ended, node, running

from meninx.base.clock import to_rfc3339
from meninx.controller.job.lifecycle import may_follow
from meninx.controller.job.steps import read_steps
from meninx.kube import conditions
from meninx.kube.kinds import INFERENCEJOB, JOB, POD, Kind
from meninx.resources.inferencejob import TERMINAL
from meninx.resources.names import FIELD_MANAGER_OPERATOR

Manifest = dict[str, Any]

OVER = {"Succeeded", "Failed"}
CONTROLLER, KUBELET = "job-controller", "kubelet"
FINAL, FREE = 65, 75


@dataclass
class Lawful(FakeKube):
    """An API server that notes each phase that breaks the drawn order, as CEL would refuse some."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.broken: list[str] = []
        self.created: list[str] = []

    def apply(
        self, kind: Kind, manifest: Manifest, *, manager: str, subresource: str | None = None
    ) -> Manifest:
        """Apply, and compare the phase with the one before; note each Kubernetes Job that is made."""
        name = manifest["metadata"]["name"]
        before = self._peek(kind, name)
        stored = super().apply(kind, manifest, manager=manager, subresource=subresource)
        if kind == JOB and before is None:
            self.created.append(name)
        if kind == INFERENCEJOB:
            was, now = _phase(before), _phase(stored)
            if now is not None and not may_follow(was, now):
                self.broken.append(f"{name}: {was} to {now}")
            if was in TERMINAL and manager == FIELD_MANAGER_OPERATOR:
                self.broken.append(f"{name}: written to after its end")
        return stored

    def _peek(self, kind: Kind, name: str) -> Manifest | None:
        stored = self._objects.get((kind.kind, NAMESPACE, name))
        return copy.deepcopy(stored.manifest) if stored else None


def _phase(manifest: Manifest | None) -> Any:
    return ((manifest or {}).get("status") or {}).get("phase")


@dataclass
class SmallCluster:
    """One GPU, one model, and the hands that are not the operator's."""

    clock: FakeClock = field(default_factory=FakeClock)
    kube: Lawful = field(init=False)
    pods_made: int = 0

    def __post_init__(self) -> None:
        self.kube = Lawful(self.clock)
        self.kube.add(node())
        ready = {"conditions": [condition("Ready")]}
        self.kube.add(aimodel(status=ready))

    # what there is

    def all(self, kind: Kind) -> list[Manifest]:
        fault, self.kube.fault = self.kube.fault, None
        found = self.kube.list(kind, NAMESPACE if kind.namespaced else None)
        self.kube.fault = fault
        return found

    def pods_of(self, job: Manifest) -> list[Manifest]:
        uid = job["metadata"]["uid"]
        return [p for p in self.all(POD) if p["metadata"]["ownerReferences"][0]["uid"] == uid]

    def working_pods(self) -> list[Manifest]:
        return [pod for pod in self.all(POD) if pod["status"]["phase"] not in OVER]

    def living(self) -> list[Manifest]:
        return [job for job in self.all(INFERENCEJOB) if _phase(job) not in TERMINAL]

    # Job controller

    def control(self) -> None:
        """Let the Job controller look at each Job once."""
        for job in self.all(JOB):
            status = job.get("status") or {}
            said = status.get("conditions") or ()
            if not (conditions.is_true(said, "Complete") or conditions.is_true(said, "Failed")):
                self._control(job, self.pods_of(job))

    def _control(self, job: Manifest, pods: list[Manifest]) -> None:
        active = [pod for pod in pods if pod["status"]["phase"] not in OVER]
        if job["spec"].get("suspend"):
            for pod in active:
                self.kube.delete(POD, NAMESPACE, pod["metadata"]["name"])
            self._job_status(job, {"active": 0, "terminating": 0})
        elif any(pod["status"]["phase"] == "Succeeded" for pod in pods):
            self._end(job, "Complete", pods)
        elif any(_exit_code(pod) == FINAL for pod in pods):
            self._end(job, "Failed", pods, why="PodFailurePolicy")
        elif self._counted(pods) > job["spec"]["backoffLimit"]:
            self._end(job, "Failed", pods, why="BackoffLimitExceeded")
        elif not active:
            self._make_pod(job)
            self._job_status(job, {"active": 1, "failed": self._counted(pods)})

    def _counted(self, pods: list[Manifest]) -> int:
        """Count what a failure policy does not leave out."""
        failed = [pod for pod in pods if pod["status"]["phase"] == "Failed"]
        return sum(not _disrupted(pod) and _exit_code(pod) != FREE for pod in failed)

    def _make_pod(self, job: Manifest) -> None:
        self.pods_made += 1
        metadata, template = job["metadata"], job["spec"]["template"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **template["metadata"],
                "name": f"{metadata['name']}-{self.pods_made}",
                "namespace": NAMESPACE,
                "ownerReferences": [{"kind": "Job", "uid": metadata["uid"]}],
            },
            "spec": {**template["spec"], "nodeName": "node-1"},
        }
        self.kube.add({**pod, "status": {}}, manager=CONTROLLER)
        self._pod_status(pod, {"phase": "Pending"})

    def _end(self, job: Manifest, type_: str, pods: list[Manifest], *, why: str = "Said") -> None:
        now = to_rfc3339(self.clock.now())
        said = condition(type_, reason=why, lastTransitionTime=now)
        times = {"completionTime": now} if type_ == "Complete" else {}
        counts = {"active": 0, "failed": self._counted(pods)}
        self._job_status(job, {**counts, **times, "conditions": [said]})

    def _job_status(self, job: Manifest, status: Manifest) -> None:
        self._write(JOB, job, status, CONTROLLER)

    # kubelet

    def move(self, pod: Manifest, code: int = 0) -> None:
        """Let the running step of a pod end with this code, and the next one begin."""
        steps, now = read_steps(pod), to_rfc3339(self.clock.now())
        names = [step.name for step in steps]
        done = [step.name for step in steps if step.state == "ended"]
        shown = [
            ended(s.name, startedAt=str(s.started_at), finishedAt=str(s.finished_at))
            for s in steps
            if s.state == "ended"
        ]
        runs = next((step for step in steps if step.state == "running"), None)
        phase = "Running"
        if runs is not None:
            shown.append(ended(runs.name, code, startedAt=str(runs.started_at), finishedAt=now))
            done.append(runs.name)
        if code and runs is not None:
            phase = "Failed"
        elif len(done) == len(names):
            phase = "Succeeded"
        else:
            shown.append(running(names[len(done)], now))
        if phase == "Succeeded":
            self._store(pod)
        self._pod_status(pod, {"phase": phase, **_containers(shown)})

    def evict(self, pod: Manifest) -> None:
        """Let the node take a pod away."""
        lost = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
        self._pod_status(pod, {"phase": "Failed", "reason": "Evicted"}, lost)

    def _pod_status(self, pod: Manifest, status: Manifest, *more: Manifest) -> None:
        now = to_rfc3339(self.clock.now())
        placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}
        before = (pod.get("status") or {}).get("conditions") or [placed]
        self._write(POD, pod, {**status, "conditions": [*before, *more]}, KUBELET)

    # ingress: stores, and delivers

    def _store(self, pod: Manifest) -> None:
        name = pod["metadata"]["annotations"]["meninx.io/inference-job"]
        self.say(name, condition("Stored", reason="Stored"))

    def say(self, name: str, *said: Manifest) -> None:
        """Write conditions of the ingress onto a job."""
        stored = self.kube._peek(INFERENCEJOB, name)
        if stored is None:
            return
        ours = {type_: c for type_, c in conditions_of(stored).items() if type_ in _INGRESS}
        merged = {**ours, **{c["type"]: c for c in said}}
        self._write(INFERENCEJOB, stored, {"conditions": list(merged.values())}, "meninx-delivery")

    def deliver(self, status: str = "True", reason: str = "Delivered") -> None:
        """Let the outbox say how each stored result fared."""
        for job in self.all(INFERENCEJOB):
            if "Stored" in conditions_of(job):
                self.say(job["metadata"]["name"], condition("Delivered", status, reason=reason))

    def _write(self, kind: Kind, stored: Manifest, status: Manifest, manager: str) -> None:
        fault, self.kube.fault = self.kube.fault, None
        metadata = {"name": stored["metadata"]["name"], "namespace": NAMESPACE}
        whole = {"metadata": metadata, "status": status}
        self.kube.apply(kind, whole, manager=manager, subresource="status")
        self.kube.fault = fault


_INGRESS = {"Stored", "Delivered"}


def _containers(shown: list[Manifest]) -> Manifest:
    return {
        "initContainerStatuses": [c for c in shown if c["name"] != "deliver"],
        "containerStatuses": [c for c in shown if c["name"] == "deliver"],
    }


def _exit_code(pod: Manifest) -> int | None:
    failed = next((step for step in read_steps(pod) if step.failed), None)
    return failed.exit_code if failed else None


def _disrupted(pod: Manifest) -> bool:
    return conditions.is_true(pod["status"].get("conditions") or (), "DisruptionTarget")

"""Turns over a real cache, with what informers and our own writes would put into it."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.support import workload
from tests.support.clock import FakeClock
from tests.support.make import NAMESPACE, aimodel, condition, inferencejob

from meninx.base.clock import to_rfc3339
from meninx.controller.cache import Cache
from meninx.controller.queue.admission import Admission
from meninx.controller.queue.kueue import SILENCE, Word
from meninx.controller.queue.snapshot import Limits
from meninx.controller.turns import Turns
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, JOB, NODE, POD, Kind
from meninx.resources import names

Manifest = dict[str, Any]

READY = {"conditions": [condition("Ready")]}


@dataclass
class Kueues:
    """What is known of Kueue, as a test says."""

    there: bool
    words: dict[str, Word] = field(default_factory=dict)
    """By uid of the Kubernetes Job."""

    def installed(self) -> bool:
        """Tell whether it is there."""
        return self.there

    def word(self, job_uid: str) -> Word:
        """Return what it says of a Kubernetes Job."""
        return self.words.get(job_uid, SILENCE)


class Site:
    """A namespace with one ready model and one node of one GPU, and the queue of its jobs."""

    def __init__(self, *, gpus: str = "1", kueue: bool = False, **limits: Any) -> None:
        self.clock = FakeClock()
        self.cache = Cache()
        self.kueues = Kueues(there=kueue)
        self._versions = count(1)
        self.turns = Turns(
            self.cache,
            limits=Limits(**limits),
            kueues=self.kueues,
            time=lambda: self.clock.now().timestamp(),
        )
        self.cache.listen(self.turns.heard)
        self.put(NODE, workload.node(gpus=gpus))
        self.put(AIMODEL, aimodel(status=READY))
        for kind in (INFERENCEJOB, JOB, POD, NODE, AIMODEL, AIPIPELINE):
            self.cache.listed(kind, set(self.cache.versions(kind)), "0")

    def put(self, kind: Kind, manifest: Manifest, *, ours: bool = False) -> Manifest:
        """Let the cache see an object, by the watch or as our own write."""
        metadata = {**manifest["metadata"], "resourceVersion": str(next(self._versions))}
        seen = {**manifest, "kind": kind.kind, "metadata": metadata}
        if ours:
            self.cache.saw(kind, seen)
        else:
            self.cache.changed(kind, "MODIFIED", seen)
        return seen

    def submit(
        self, name: str = "one", *, status: Manifest | None = None, uid: str = "", **spec: Any
    ) -> None:
        """Let a job arrive now, or change."""
        known = self.cache.get(INFERENCEJOB, name)
        created = to_rfc3339(self.clock.now())
        metadata = {"uid": uid or f"uid-{name}", "creationTimestamp": created}
        if known is not None:
            metadata["creationTimestamp"] = known["metadata"]["creationTimestamp"]
        self.put(INFERENCEJOB, inferencejob(name, status=status, metadata=metadata, **spec))

    def start(self, name: str = "one", *, suspend: bool = False, **has: str) -> Manifest:
        """Let the job's Kubernetes Job be there, or change."""
        job = {
            "metadata": {
                "name": self.job_name(name),
                "namespace": NAMESPACE,
                "uid": f"job-{name}",
                "annotations": {names.LABEL_JOB: name},
            },
            "spec": {"suspend": suspend},
            "status": {"conditions": [condition(type_, value) for type_, value in has.items()]},
        }
        return self.put(JOB, job, ours=True)

    def place(self, name: str = "one", *states: Manifest, node: str = "node-1") -> None:
        """Let a pod of the job be on a node."""
        pod = workload.pod(*states, name=f"{name}-pod")
        pod["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": f"job-{name}"}]
        pod["metadata"]["annotations"] = {names.LABEL_JOB: name}
        pod["spec"]["nodeName"] = node
        self.put(POD, pod)

    def vanish(self, kind: Kind, name: str) -> None:
        """Let an object be deleted."""
        known = self.cache.get(kind, name)
        assert known is not None
        known["metadata"]["resourceVersion"] = str(next(self._versions))
        self.cache.changed(kind, "DELETED", known)

    @staticmethod
    def job_name(name: str) -> str:
        """Return the name of a job's Kubernetes Job."""
        return names.kubernetes_job(name, f"uid-{name}")

    def plan(self, *, after: float = 1.0) -> list[str]:
        """Recompute after some seconds; return the names of the jobs that are to be looked at."""
        now: dt.datetime = self.clock.advance(after)
        return [key.name for key in self.turns.recompute(now)]

    def says(self, name: str = "one") -> Admission:
        """Return what the queue says of a job."""
        return self.turns.admission(f"uid-{name}")

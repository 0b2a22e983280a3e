"""Which changes put which key on the queue; nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import kopf

from meninx.controller.cache import Cache, Changed
from meninx.controller.census import Census
from meninx.controller.keys import QUEUE, Key
from meninx.kube.kinds import (
    AIMODEL,
    AIPIPELINE,
    INFERENCEJOB,
    JOB,
    NODE,
    POD,
    TRAININGJOB,
    Kind,
)
from meninx.resources import names
from meninx.resources.inferencejob import WAITING

Manifest = Mapping[str, Any]

QUEUE_DELAY_SECONDS = 0.1
"""Changes come in swarms: one plan for all that came meanwhile."""
BY_KOPF = (AIMODEL, AIPIPELINE, TRAININGJOB)
"""Few and slow: kopf watches these. What there are thousands of costs a quarter with informers."""


class Put(Protocol):
    """Asks for a look at a key."""

    def __call__(self, key: Key, *, delay_seconds: float = 0.0, behind: bool = False) -> None:
        """Ask from any thread; `behind`: after all that is due."""
        ...


_OWNERS = ((names.LABEL_JOB, INFERENCEJOB), (names.LABEL_TRAINING, TRAININGJOB))


def _owner(metadata: Manifest) -> tuple[Kind, str] | None:
    """Return whose work it is: the annotation has the whole name, the label may be cut."""
    for place in ("annotations", "labels"):
        for mark, kind in _OWNERS:
            name = (metadata.get(place) or {}).get(mark)
            if name:
                return kind, str(name)
    return None


def offer(node: Manifest) -> tuple[Any, ...]:
    """Return what of a node matters for whose turn it is: heartbeats change other things."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    conditions = status.get("conditions") or ()
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), None)
    return (
        (node["metadata"].get("labels") or {}),
        (status.get("allocatable") or {}),
        bool(spec.get("unschedulable")),
        (spec.get("taints") or []),
        ready,
        (node["metadata"].get("deletionTimestamp")),
    )


def waits(key: Key, kind: Kind, manifest: Manifest) -> bool:
    """Tell whether a look may come after others: what a job that holds nothing yet, or a model, stirs."""
    if key.kind != INFERENCEJOB.kind:
        return False
    phase = (manifest.get("status") or {}).get("phase") or "Pending"
    return kind in BY_KOPF or (kind == INFERENCEJOB and phase in WAITING)


class Dispatcher:
    """Listens to the cache and asks for looks."""

    def __init__(self, cache: Cache, census: Census, put: Put, namespace: str) -> None:
        self._cache = cache
        self._census = census
        self._put = put
        self._namespace = namespace
        self._offers: dict[str, tuple[Any, ...]] = {}

    def __call__(self, changed: Changed) -> None:
        """Take note of a change."""
        manifest, kind = changed.manifest, changed.kind
        if kind == INFERENCEJOB:
            self._count(manifest, gone=changed.gone)
        if kind == NODE:
            self._node(manifest, gone=changed.gone)
            return
        own = self._key(kind, str(manifest["metadata"]["name"]))
        for key in self.keys_for(kind, manifest):
            # Who wrote knows; whoever depends on what was written (jobs on a model) does not.
            if not changed.ours or (kind in BY_KOPF and key != own):
                self._put(key, behind=waits(key, kind, manifest))
        if kind != POD or changed.gone:
            self._put(Key(QUEUE), delay_seconds=QUEUE_DELAY_SECONDS)

    def keys_for(self, kind: Kind, manifest: Manifest) -> tuple[Key, ...]:
        """Return the keys to look at when an object has changed."""
        metadata = manifest["metadata"]
        name = str(metadata["name"])
        if kind in {INFERENCEJOB, TRAININGJOB}:
            return (self._key(kind, name),)
        if kind == AIMODEL:
            pipelines = self._pipelines_with(name)
            return (
                self._key(AIMODEL, name),
                *(self._key(AIPIPELINE, pipeline) for pipeline in pipelines),
                *self._jobs_of((name, *pipelines)),
                *(self._key(TRAININGJOB, job) for job in self._cache.versions(TRAININGJOB)),
            )
        if kind == AIPIPELINE:
            return (self._key(AIPIPELINE, name), *self._jobs_of((name,)))
        owner = _owner(metadata)
        return (self._key(*owner),) if owner else ()

    def _key(self, kind: Kind, name: str) -> Key:
        return Key(kind.kind, self._namespace, name)

    def _jobs_of(self, works: Iterable[str]) -> tuple[Key, ...]:
        found = (name for work in works for name in self._cache.jobs_of(work))
        return tuple(self._key(INFERENCEJOB, name) for name in found)

    def _pipelines_with(self, model: str) -> tuple[str, ...]:
        return tuple(
            pipeline["metadata"]["name"]
            for pipeline in self._cache.all(AIPIPELINE)
            for step in (pipeline.get("spec") or {}).get("steps") or ()
            if (step.get("modelRef") or {}).get("name") == model
        )

    def _count(self, manifest: Manifest, *, gone: bool) -> None:
        if gone:
            self._census.gone(manifest["metadata"]["name"])
        else:
            self._census.saw(manifest)

    def _node(self, manifest: Manifest, *, gone: bool) -> None:
        name = manifest["metadata"]["name"]
        now = () if gone else offer(manifest)
        if self._offers.get(name) == now:
            return
        self._offers[name] = now
        for kind in (AIMODEL, AIPIPELINE):
            for work in self._cache.versions(kind):
                self._put(self._key(kind, work))
        self._put(Key(QUEUE), delay_seconds=QUEUE_DELAY_SECONDS)


def register(registry: kopf.OperatorRegistry, cache: Cache) -> None:
    """Let kopf tell the cache of what is left to it; it handles nothing itself."""

    async def changed(
        body: kopf.Body,
        type: str | None,  # noqa: A002 - kopf's own word
        resource: kopf.Resource,
        **_: Any,
    ) -> None:
        kind = next(kind for kind in BY_KOPF if kind.plural == resource.plural)
        cache.changed(kind, type or "ADDED", dict(body))

    for kind in BY_KOPF:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)(changed)


WATCHED = (INFERENCEJOB, JOB, POD, NODE)
"""What our own informers watch; Jobs and pods only with our label."""

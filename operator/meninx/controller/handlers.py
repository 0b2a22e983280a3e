"""Which events of the API server put which key on the queue; nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

import kopf

from meninx.controller.keys import SWEEP, Key
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE, POD
from meninx.resources import names

Put = Callable[[Key], None]


def keys_for(body: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the keys to look at when an object has changed.

    A model that changes may let waiting jobs start: everything is looked at.
    """
    metadata = body["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    kind = body.get("kind")
    if kind == INFERENCEJOB.kind:
        return (Key(INFERENCEJOB.kind, namespace, name),)
    if kind == AIMODEL.kind:
        return (Key(AIMODEL.kind, namespace, name), Key(SWEEP))
    job = _job_name(metadata)
    return (Key(INFERENCEJOB.kind, namespace, job),) if job else ()


def _job_name(metadata: Mapping[str, Any]) -> str | None:
    """Return whose work it is: the annotation has the whole name, the label may be cut."""
    for place in ("annotations", "labels"):
        name = (metadata.get(place) or {}).get(names.LABEL_JOB)
        if name:
            return str(name)
    return None


class Nodes:
    """What models ask of the nodes, as last seen: heartbeats change other things all the time."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def differ(self, body: Mapping[str, Any], *, gone: bool) -> bool:
        """Take note of a node; tell whether that may change which models can run."""
        metadata = body["metadata"]
        offered = dict((body.get("status") or {}).get("allocatable") or {})
        facts = None if gone else (dict(metadata.get("labels") or {}), offered)
        before = self._seen.get(metadata["name"])
        self._seen[metadata["name"]] = facts
        return before != facts


def register(registry: kopf.OperatorRegistry, put: Put) -> None:
    """Let kopf tell of every change of what we look at; it handles nothing itself."""

    nodes = Nodes()

    async def changed(body: kopf.Body, resource: kopf.Resource, **_: Any) -> None:
        for key in keys_for({**body, "kind": resource.kind}):
            put(key)

    async def node_changed(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002
        if nodes.differ(body, gone=type == "DELETED"):
            put(Key(SWEEP))

    kopf.on.event(NODE.group, NODE.version, NODE.plural, registry=registry)(node_changed)
    for kind in (AIMODEL, INFERENCEJOB):
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)(changed)
    ours = {names.LABEL_JOB: kopf.PRESENT}
    for kind in (JOB, POD):
        kopf.on.event(kind.group, kind.version, kind.plural, labels=ours, registry=registry)(
            changed
        )

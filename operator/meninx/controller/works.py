"""The AIModels and AIPipelines as the queue sees them, each resolved once and again when it changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from meninx.controller.job.chain import Chain, resolve
from meninx.controller.queue.capacity import Request, request_of
from meninx.controller.queue.standing import Work
from meninx.kube.kinds import AIMODEL, AIPIPELINE, Kind
from meninx.resources.inferencejob import InferenceJobSpec

Manifest = dict[str, Any]

_MOST = 1000
"""Kept answers; more than a hospital has models, and a bound where jobs name nonsense."""


class Objects(Protocol):
    """What is asked of the cache."""

    def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return a fresh copy of an object, or None."""
        ...

    def versions(self, kind: Kind) -> Mapping[str, int]:
        """Return name and resource version of each object."""
        ...

    def pods_of(self, job_name: str) -> tuple[Manifest, ...]:
        """Return the pods that a Kubernetes Job owns."""
        ...

    def all(self, kind: Kind) -> Iterable[Manifest]:
        """Return a fresh copy of each object."""
        ...

    def synced(self, kinds: Iterable[Kind]) -> bool:
        """Tell whether each of these kinds was listed once."""
        ...


class _Models(Mapping[str, Manifest]):
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def __getitem__(self, name: str) -> Manifest:
        found = self._objects.get(AIMODEL, name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects.versions(AIMODEL))

    def __len__(self) -> int:
        return len(self._objects.versions(AIMODEL))


_Named = tuple[str, frozenset[str]]
"""Kind and name of what is to run, and the channels that the job gives."""


@dataclass
class Works:
    """What jobs name, resolved."""

    objects: Objects
    gpu_product: str | None
    _known: dict[_Named, tuple[InferenceJobSpec, Work]] = field(default_factory=dict)
    _requests: dict[Request, Request] = field(default_factory=dict)

    @property
    def models(self) -> Mapping[str, Manifest]:
        """Return the AIModels by name, read as they are asked for."""
        return _Models(self.objects)

    def of(self, spec: InferenceJobSpec) -> Work:
        """Return what a job names."""
        named = (_key(spec), frozenset(channel.name for channel in spec.input.channels))
        known = self._known.get(named)
        if known is not None:
            return known[1]
        if len(self._known) >= _MOST:
            self._known.clear()
        work = self._resolve(spec)
        self._known[named] = spec, work
        return work

    def refresh(self) -> frozenset[str]:
        """Resolve everything again; return the keys of what has changed."""
        changed: set[str] = set()
        for named, (spec, before) in list(self._known.items()):
            now = self._resolve(spec)
            if now != before:
                self._known[named] = spec, now
                changed.add(now.key)
        return frozenset(changed)

    def _resolve(self, spec: InferenceJobSpec) -> Work:
        named = spec.pipeline_ref
        pipeline = self.objects.get(AIPIPELINE, named.name) if named else None
        models = _Models(self.objects)
        chain = resolve(spec, models, pipeline)
        # jobs that are at work hold what they asked for, whether the model is still ready or not
        held = resolve(spec, models, pipeline, at_work=True)
        if not isinstance(held, Chain):
            return Work(_key(spec), chain, Request())
        request = request_of(held, self.gpu_product)
        return Work(_key(spec), chain, self._requests.setdefault(request, request))


def _key(spec: InferenceJobSpec) -> str:
    kind = AIPIPELINE if spec.pipeline_ref else AIMODEL
    return f"{kind.kind}/{spec.work}"

"""What looks at models remember between looks, and what they ask the API server for."""

import datetime as dt
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from meninx.base.clock import Clock
from meninx.controller.cache import Cache, Changed
from meninx.controller.keys import Key
from meninx.controller.model.decide import Observed
from meninx.controller.model.evidence import pull_fails
from meninx.controller.model.ledger import Ledger, Work
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, NODE, SECRET, Kind

Manifest = Mapping[str, Any]

SECRETS_SECONDS = 60.0
"""How long it is taken for granted that a model's Secrets are there."""


class Absence(Protocol):
    """Tells whether an object is missing, without reading it."""

    def absent(self, kind: Kind, namespace: str, name: str) -> bool:
        """Tell whether there is no object of that name."""
        ...


@dataclass(frozen=True)
class _Asked:
    """What was found out about the Secrets that one spec names."""

    names: tuple[str, ...]
    missing: tuple[str, ...]
    at: dt.datetime

    def holds(self, wanted: tuple[str, ...], now: dt.datetime) -> bool:
        """Tell whether there is no need to ask again: what is missing may come at any time."""
        fresh = (now - self.at).total_seconds() < SECRETS_SECONDS
        return fresh and not self.missing and self.names == wanted


@dataclass
class Desk:
    """Listens to the cache for what jobs tell of their models."""

    cache: Cache
    api: Absence
    namespace: str
    clock: Clock
    ledger: Ledger = field(default_factory=Ledger)
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _written: dict[str, dt.datetime] = field(default_factory=dict)
    _stirred: set[Work] = field(default_factory=set)
    _pulls: dict[str, bool] = field(default_factory=dict)
    """Jobs with a pod whose image can't be pulled now."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self) -> None:
        """Hear of all jobs that there are, and of each change from now on."""
        self.cache.listen(self._heard)
        for job in self.cache.all(INFERENCEJOB):
            self.ledger.saw(job)

    def _heard(self, changed: Changed) -> None:
        if changed.kind != INFERENCEJOB:
            return
        name = str(changed.manifest["metadata"]["name"])
        if changed.gone:
            self._pulls.pop(name, None)
        self._stir(self.ledger.gone(name) if changed.gone else self.ledger.saw(changed.manifest))

    def _stir(self, work: Work | None) -> None:
        if work is not None:
            with self._lock:
                self._stirred.add(work)

    def looked(self, job: str, pods: Iterable[Manifest]) -> None:
        """Take note of a job's pods: an image that can't be pulled is news of its model."""
        fails = any(map(pull_fails, pods))
        if fails != self._pulls.get(job, False):
            self._pulls[job] = fails
            self._stir(self.ledger.work_of(job))

    def stirred(self) -> tuple[Key, ...]:
        """Return the models of which there is news, each once."""
        with self._lock:
            works, self._stirred = self._stirred, set()
        models = {name for work in works for name in self._models_of(work)}
        return tuple(Key(AIMODEL.kind, self.namespace, name) for name in sorted(models))

    def _models_of(self, work: Work) -> Iterable[str]:
        kind, name = work
        if kind == AIMODEL.kind:
            return (name,)
        return models_of(self.cache.get(AIPIPELINE, name) or {})

    def observe(self, name: str) -> Observed | None:
        """Return an AIModel and all that its decision needs; None where it does not exist."""
        resource = self.cache.get(AIMODEL, name)
        if resource is None:
            self._written.pop(name, None)
            self._asked.pop(name, None)
            return None
        own: Work = (AIMODEL.kind, name)
        pipelines = (p for p in self.cache.all(AIPIPELINE) if name in models_of(p))
        works = [own, *((AIPIPELINE.kind, str(p["metadata"]["name"])) for p in pipelines)]
        running = self.ledger.running(works)
        return Observed(
            resource=resource,
            nodes=tuple(self.cache.all(NODE)),
            running=tuple(job for job, _ in running),
            pods=tuple(pod for _, job in running for pod in self.cache.pods_of(job)),
            troubles=self.ledger.troubles(works),
            tally=self.ledger.tally(own),
            missing_secrets=self._missing(name, resource),
            written_at=self._written.get(name),
        )

    def wrote(self, name: str) -> None:
        """Take note that the status of a model was written now."""
        self._written[name] = self.clock.now()

    def _missing(self, model: str, resource: Manifest) -> tuple[str, ...]:
        wanted, now = secrets_of(resource.get("spec") or {}), self.clock.now()
        asked = self._asked.get(model)
        if asked is None or not asked.holds(wanted, now):
            absent = (name for name in wanted if self.api.absent(SECRET, self.namespace, name))
            asked = self._asked[model] = _Asked(wanted, tuple(absent), now)
        return asked.missing


def models_of(pipeline: Manifest) -> tuple[str, ...]:
    """Return the names of the AIModels that a pipeline uses."""
    steps = (pipeline.get("spec") or {}).get("steps") or ()
    return tuple(str(step["modelRef"]["name"]) for step in steps if step.get("modelRef"))


def secrets_of(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the Secrets that a model needs to be run."""
    pulls = [secret.get("name") for secret in spec.get("imagePullSecrets") or ()]
    token = ((spec.get("weights") or {}).get("secretRef") or {}).get("name")
    return tuple(dict.fromkeys(str(name) for name in (*pulls, token) if name))

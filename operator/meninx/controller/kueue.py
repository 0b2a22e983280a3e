"""Whether the API server knows Kueue, asked for now and then, and what it says of our Jobs."""

import json
import threading
import time as system_time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from meninx.base.errors import MeninxError, NotFound
from meninx.base.logs import Log
from meninx.controller.queue.kueue import GROUP, SILENCE, Word, job_of, word
from meninx.kube.kinds import Kind

log = Log(__name__)

AGAIN_SECONDS = 10.0
_VERSIONS = ("v1beta2", "v1beta1")
"""Versions of the API group in which a Workload's conditions are what we read."""


class Answers(Protocol):
    """What answers a path of the API."""

    def text(self, path: str, subject: str) -> str:
        """Return the answer; NotFound where there is nothing at the path."""
        ...


class Kueue:
    """Knows whether Kueue's API group is served; anybody may ask for that."""

    def __init__(self, api: Answers, *, time: Callable[[], float] = system_time.monotonic) -> None:
        self._api = api
        self._time = time
        self._served: frozenset[str] = frozenset()
        self._asked_at: float | None = None

    def installed(self) -> bool:
        """Tell whether it is there; the last answer where the API server is away."""
        now = self._time()
        if self._asked_at is None or now - self._asked_at >= AGAIN_SECONDS:
            self._asked_at = now
            self._served = self._ask()
        return bool(self._served)

    def workloads(self) -> Kind | None:
        """Return where its Workloads are served; None where they are not, as we can read them."""
        version = next((version for version in _VERSIONS if version in self._served), None)
        return Kind(GROUP, version, "workloads", "Workload") if version else None

    def _ask(self) -> frozenset[str]:
        try:
            group = json.loads(self._api.text(f"/apis/{GROUP}", GROUP))
        except NotFound:
            return frozenset()
        except MeninxError as error:
            log.warning(f"it is not known whether Kueue is installed: {error}")
            return self._served
        return frozenset(str(served["version"]) for served in group.get("versions") or ())


class Workloads:
    """What Kueue says of our Jobs, and no more of its Workloads; an informer tells it of them."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._lock = threading.Lock()
        self._said: dict[str, tuple[str, Word]] = {}
        """By the name of the Workload: uid of the Kubernetes Job, and the word on it."""
        self._names: dict[str, str] = {}
        """By that uid: the name of the Workload."""

    def word(self, job_uid: str) -> Word:
        """Return what is said of a Kubernetes Job."""
        with self._lock:
            return self._said.get(self._names.get(job_uid, ""), ("", SILENCE))[1]

    def changed(self, kind: Kind, type_: str, manifest: Mapping[str, Any]) -> None:
        """Take a Workload; tell of the InferenceJob that it is for where the word is another."""
        uid, job = job_of(manifest)
        if not job:
            return
        name, gone = str(manifest["metadata"]["name"]), type_ == "DELETED"
        said = (uid, word(manifest))
        with self._lock:
            if gone:
                self._forget(name)
            is_news = not gone and self._said.get(name) != said
            if is_news:
                self._said[name] = said
                self._names[uid] = name
        if is_news:
            self._heard(job)

    def listed(self, kind: Kind, seen: set[str], version: str) -> None:
        """Forget what a complete list did not show."""
        with self._lock:
            for name in set(self._said) - seen:
                self._forget(name)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._said.clear()
            self._names.clear()

    def _forget(self, name: str) -> None:
        uid, _ = self._said.pop(name, ("", SILENCE))
        if self._names.get(uid) == name:
            del self._names[uid]

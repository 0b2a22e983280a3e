"""An API server in memory, for tests: `meninx.kube.client.Api` without a network."""

import copy
import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.clock import FakeClock
from tests.support.field_ownership import Leaves, Path, drop, leaves, names_its_item, put

from meninx.base.clock import Clock, to_rfc3339
from meninx.base.errors import Conflict, NotFound
from meninx.kube.kinds import Kind

Manifest = dict[str, Any]
Key = tuple[str, str, str]

_SERVER_OWNED = {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}


@dataclass(frozen=True)
class RecordedEvent:
    """An event as a test sees it."""

    kind: str
    name: str
    uid: str
    type: str
    reason: str
    message: str
    component: str


@dataclass(frozen=True)
class Call:
    """One request to the server, also of those that failed."""

    verb: str
    kind: str
    name: str
    manager: str = ""
    subresource: str = ""


@dataclass
class _Stored:
    manifest: Manifest
    owners: dict[tuple[str, str], set[Path]] = field(default_factory=dict)


class FakeKube:
    """Objects with uid, resourceVersion and generation; server-side apply; a status apart from spec.

    `fault`, when set, is called before each request and may raise: an outage, a conflict. `calls`
    lists all requests, `events` the distinct events, `event_counts` how often each was sent.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.events: list[RecordedEvent] = []
        self.event_counts: dict[RecordedEvent, int] = {}
        self.calls: list[Call] = []
        self.fault: Callable[[Call], None] | None = None
        self._clock: Clock = clock or FakeClock()
        self._objects: dict[Key, _Stored] = {}
        self._versions = itertools.count(1)
        self._uids = itertools.count(1)
        self._lock = threading.RLock()

    # set-up by a test, as a person with kubectl would

    def add(self, manifest: Mapping[str, Any], *, manager: str = "kubectl") -> Manifest:
        """Create or replace an object as given, its status included; return what is stored."""
        with self._lock:
            spec = {name: value for name, value in manifest.items() if name != "status"}
            stored = self._write(dict(spec), manager=manager, subresource="")
            if "status" in manifest:
                stored.manifest["status"] = copy.deepcopy(manifest["status"])
            return copy.deepcopy(stored.manifest)

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind, sorted."""
        return sorted(key[2] for key in self._objects if key[0] == kind)

    # the Api protocol

    def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """Return a copy of an object, or None."""
        with self._lock:
            self._note(Call("get", kind.kind, name))
            stored = self._objects.get((kind.kind, namespace or "", name))
            return copy.deepcopy(stored.manifest) if stored else None

    def list(
        self, kind: Kind, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> list[Manifest]:
        """Return copies of the objects of one namespace (None: of all), by label."""
        with self._lock:
            self._note(Call("list", kind.kind, ""))
            return [
                copy.deepcopy(stored.manifest)
                for key, stored in sorted(self._objects.items())
                if key[0] == kind.kind
                and namespace in {None, key[1]}
                and _labelled(stored.manifest, labels or {})
            ]

    def apply(
        self, kind: Kind, manifest: Manifest, *, manager: str, subresource: str | None = None
    ) -> Manifest:
        """Server-side apply with force; a status is only written with `subresource="status"`."""
        with self._lock:
            name = manifest["metadata"]["name"]
            self._note(Call("apply", kind.kind, name, manager, subresource or ""))
            typed = {"apiVersion": kind.api_version, "kind": kind.kind, **manifest}
            stored = self._write(typed, manager=manager, subresource=subresource or "")
            meta = stored.manifest["metadata"]
            if meta.get("deletionTimestamp") and not meta.get("finalizers"):
                self._remove((kind.kind, meta.get("namespace") or "", name))
            return copy.deepcopy(stored.manifest)

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None
    ) -> bool:
        """Delete an object and what it owns; False where it (that uid) is gone. Finalizers hold it."""
        with self._lock:
            self._note(Call("delete", kind.kind, name))
            key = (kind.kind, namespace or "", name)
            stored = self._objects.get(key)
            if stored is None or uid not in {None, stored.manifest["metadata"]["uid"]}:
                return False
            self._remove(key)
            return True

    def absent(self, kind: Kind, namespace: str, name: str) -> bool:
        """Tell whether there is no object of that name."""
        with self._lock:
            self._note(Call("absent", kind.kind, name))
            return (kind.kind, namespace, name) not in self._objects

    def event(
        self,
        involved: Manifest,
        *,
        type: Literal["Normal", "Warning"],  # noqa: A002 - the API's own word
        reason: str,
        message: str,
        component: str,
    ) -> None:
        """Record an event; the same one again only counts."""
        with self._lock:
            meta = involved["metadata"]
            self._note(Call("event", involved["kind"], meta["name"]))
            event = RecordedEvent(
                involved["kind"],
                meta["name"],
                meta.get("uid", ""),
                type,
                reason,
                message,
                component,
            )
            if event not in self.event_counts:
                self.events.append(event)
            self.event_counts[event] = self.event_counts.get(event, 0) + 1

    # how it works

    def _note(self, call: Call) -> None:
        self.calls.append(call)
        if self.fault is not None:
            self.fault(call)

    def _write(self, manifest: Manifest, *, manager: str, subresource: str) -> _Stored:
        meta = manifest["metadata"]
        key = (manifest["kind"], meta.get("namespace") or "", meta["name"])
        stored = self._objects.get(key)
        if stored is None:
            if subresource or meta.get("uid"):
                raise NotFound(f"{key[0]} {key[2]} does not exist")
            stored = self._objects[key] = _Stored(self._newborn(manifest))
        _check_preconditions(meta, stored.manifest["metadata"], key)
        self._merge(stored, _wanted(manifest, subresource), (manager, subresource))
        return stored

    def _newborn(self, manifest: Manifest) -> Manifest:
        meta = {
            "name": manifest["metadata"]["name"],
            "uid": f"00000000-0000-4000-8000-{next(self._uids):012d}",
            "resourceVersion": "0",
            "generation": 0,
            "creationTimestamp": to_rfc3339(self._clock.now()),
        }
        if manifest["metadata"].get("namespace"):
            meta["namespace"] = manifest["metadata"]["namespace"]
        return {
            "apiVersion": manifest["apiVersion"],
            "kind": manifest["kind"],
            "metadata": meta,
        }

    def _merge(self, stored: _Stored, wanted: Leaves, owner: tuple[str, str]) -> None:
        before = copy.deepcopy(stored.manifest)
        dropped = stored.owners.get(owner, set()) - wanted.keys()
        for path in sorted(dropped, key=names_its_item):
            if not any(path in paths for who, paths in stored.owners.items() if who != owner):
                drop(stored.manifest, path)
        current = leaves(stored.manifest)
        for path, value in wanted.items():
            if path not in current or current[path] != value:
                for paths in stored.owners.values():
                    paths.discard(path)
                put(stored.manifest, path, value)
        stored.owners[owner] = set(wanted)
        self._stamp(before, stored.manifest)

    def _stamp(self, before: Manifest, after: Manifest) -> None:
        if before == after and after["metadata"]["generation"]:
            return
        after["metadata"]["resourceVersion"] = str(next(self._versions))
        apart = {"metadata", "status"}
        changed = any(before.get(name) != after.get(name) for name in after.keys() - apart)
        if changed or not after["metadata"]["generation"]:
            after["metadata"]["generation"] += 1

    def _remove(self, key: Key) -> None:
        meta = self._objects[key].manifest["metadata"]
        if meta.get("finalizers"):
            meta.setdefault("deletionTimestamp", to_rfc3339(self._clock.now()))
            meta["resourceVersion"] = str(next(self._versions))
            return
        del self._objects[key]
        owned = [
            child
            for child, stored in self._objects.items()
            for owner in stored.manifest["metadata"].get("ownerReferences", [])
            if owner["uid"] == meta["uid"]
        ]
        for child in owned:
            self._remove(child)


def _wanted(manifest: Manifest, subresource: str) -> Leaves:
    if subresource:
        return leaves({subresource: manifest.get(subresource, {})})
    meta = {
        name: value
        for name, value in manifest["metadata"].items()
        if name not in _SERVER_OWNED | {"name", "namespace"}
    }
    rest = {
        name: value
        for name, value in manifest.items()
        if name not in {"apiVersion", "kind", "metadata", "status"}
    }
    return leaves({**rest, "metadata": meta} if meta else rest) if rest or meta else {}


def _check_preconditions(wanted: Manifest, stored: Manifest, key: Key) -> None:
    for name in ("uid", "resourceVersion"):
        if wanted.get(name) and wanted[name] != stored[name]:
            raise Conflict(f"{key[0]} {key[2]}: {name} differs, read it again")


def _labelled(manifest: Manifest, labels: Mapping[str, str]) -> bool:
    carried = manifest["metadata"].get("labels", {})
    return all(carried.get(name) == value for name, value in labels.items())

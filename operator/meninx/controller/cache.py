"""What the API server has told us, in memory, with the indexes that decisions need.

An object is kept as compressed JSON: ten thousand jobs as dicts would take ten times as much. What
we write goes in at once (`saw`), so that nobody decides on a state older than our own writes;
resource versions are compared as numbers, which the API promises since 1.35 and etcd always kept.
"""

import threading
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from meninx.controller.strip import stripped
from meninx.kube.kinds import INFERENCEJOB, JOB, POD, Kind
from meninx.resources.inferencejob import TERMINAL, WAITING

Manifest = dict[str, Any]

_GRAVES = 20_000
"""How many uids of deleted objects are remembered: late news of them must not bring them back."""
DELETED = "DELETED"


class Entry(NamedTuple):
    """One object as it is kept."""

    version: int
    uid: str
    data: bytes
    work: str
    """InferenceJob: AIModel or AIPipeline; pod: uid of its owner."""
    phase: str


@dataclass(frozen=True)
class Changed:
    """What listeners are told: an object that came, changed or went."""

    kind: Kind
    manifest: Manifest
    gone: bool = False
    ours: bool = False
    """Whether we wrote it ourselves: its echo by the watch is not told again."""


Listener = Callable[[Changed], None]
"""Called in the thread that the news came in, under the cache's lock: in order, so to be quick."""


@dataclass
class _Store:
    entries: dict[str, Entry] = field(default_factory=dict)
    graves: OrderedDict[str, bool] = field(default_factory=OrderedDict)
    """uid of what was deleted; True where only we say so (it may still be held by a finalizer)."""
    listed: bool = False


class Cache:
    """Objects of one namespace (and nodes); safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stores: dict[str, _Store] = defaultdict(_Store)
        self._pods: dict[str, set[str]] = defaultdict(set)
        self._jobs: dict[str, set[str]] = defaultdict(set)
        self._remains: dict[str, dict[str, Entry]] = {}
        """By uid of a Kubernetes Job that is there: its pods that are gone."""
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each change."""
        self._listeners.append(listener)

    # what decisions read

    def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return a fresh copy of an object, or None."""
        with self._lock:
            entry = self._stores[kind.kind].entries.get(name)
        return None if entry is None else _unpacked(entry)

    def all(self, kind: Kind) -> Iterable[Manifest]:
        """Yield a fresh copy of each object, as they were when this began."""
        with self._lock:
            entries = list(self._stores[kind.kind].entries.values())
        return map(_unpacked, entries)

    def versions(self, kind: Kind) -> dict[str, int]:
        """Return name and resource version of each object: to look again only at what changed."""
        with self._lock:
            entries = self._stores[kind.kind].entries
            return {name: entry.version for name, entry in entries.items()}

    def pods_of(self, job_name: str) -> tuple[Manifest, ...]:
        """Return the pods that a Kubernetes Job owns, and the last state of those that are gone."""
        with self._lock:
            job = self._stores[JOB.kind].entries.get(job_name)
            names = sorted(self._pods.get(job.uid, ())) if job else []
            pods = self._stores[POD.kind].entries
            gone = self._remains.get(job.uid, {}) if job else {}
            entries = [*gone.values(), *(pods[name] for name in names if name not in gone)]
        return tuple(map(_unpacked, entries))

    def jobs_of(self, work: str) -> tuple[str, ...]:
        """Return the names of the InferenceJobs of an AIModel or AIPipeline that are not finished."""
        with self._lock:
            return tuple(sorted(self._jobs.get(work, ())))

    def living(self) -> tuple[str, ...]:
        """Return the names of all InferenceJobs that are not finished."""
        with self._lock:
            return tuple(name for names in self._jobs.values() for name in names)

    def waiting(self) -> frozenset[str]:
        """Return those of the unfinished InferenceJobs that hold nothing yet."""
        with self._lock:
            entries = self._stores[INFERENCEJOB.kind].entries
            return frozenset(
                name
                for names in self._jobs.values()
                for name in names
                if entries[name].phase in WAITING
            )

    def synced(self, kinds: Iterable[Kind]) -> bool:
        """Tell whether each of these kinds was listed once."""
        with self._lock:
            return all(self._stores[kind.kind].listed for kind in kinds)

    # what the API server says

    def changed(self, kind: Kind, type_: str, manifest: Manifest) -> None:
        """Take an object of a list or watch; listeners hear of it where it is news."""
        gone = type_ == DELETED
        with self._lock:
            if self._bury(kind, manifest) if gone else self._keep(kind, manifest):
                self._tell(Changed(kind, manifest, gone))

    def listed(self, kind: Kind, seen: set[str], version: str) -> None:
        """Drop what a complete list did not show; what is newer than the list stays."""
        store, at = self._stores[kind.kind], int(version)
        with self._lock:
            lost = [
                (name, entry)
                for name, entry in store.entries.items()
                if name not in seen and entry.version <= at
            ]
            for name, entry in lost:
                self._drop(kind, name)
                _dig(store, entry.uid, ours=False)
                self._remains.pop(entry.uid, None)
                self._tell(Changed(kind, _unpacked(entry), gone=True))
            store.listed = True

    # what we wrote ourselves

    def saw(self, kind: Kind, manifest: Manifest) -> None:
        """Take an object as the API server answered our own write."""
        with self._lock:
            if self._keep(kind, manifest):
                self._tell(Changed(kind, manifest, ours=True))

    def gone(self, kind: Kind, name: str, uid: str | None) -> None:
        """Take note that we deleted an object."""
        with self._lock:
            entry = self._stores[kind.kind].entries.get(name)
            if entry is not None and uid in {None, entry.uid}:
                self._drop(kind, name)
                _dig(self._stores[kind.kind], entry.uid, ours=True)
                self._tell(Changed(kind, _unpacked(entry), gone=True, ours=True))

    def _tell(self, changed: Changed) -> None:
        for listener in self._listeners:
            listener(changed)

    def _keep(self, kind: Kind, manifest: Manifest) -> bool:
        """Keep an object unless we know better; tell whether it is news."""
        metadata = manifest["metadata"]
        name, store = metadata["name"], self._stores[kind.kind]
        known = store.entries.get(name)
        if known is not None and known.version >= _version(metadata):
            return False
        grave = store.graves.get(metadata.get("uid", ""))
        if grave is False or (grave and not metadata.get("deletionTimestamp")):
            return False
        entry = _packed(kind, manifest)
        store.graves.pop(entry.uid, None)  # deleted by us, but held by a finalizer
        self._drop(kind, name)
        store.entries[name] = entry
        self._index(kind, name, entry)
        return True

    def _bury(self, kind: Kind, manifest: Manifest) -> bool:
        metadata, store = manifest["metadata"], self._stores[kind.kind]
        name, version, uid = metadata["name"], _version(metadata), metadata.get("uid", "")
        ours = store.graves.get(uid) is True
        _dig(store, uid, ours=False)
        self._remains.pop(uid, None)
        known = store.entries.get(name)
        if known is not None and known.version <= version:
            self._drop(kind, name)
            if kind == POD:
                self._remember(manifest)
            return True
        return ours

    def _remember(self, pod: Manifest) -> None:
        """Keep what a pod that is gone showed last, for as long as its Kubernetes Job is there.

        A lost node's pod shows why it failed for a tenth of a second before it is gone.
        """
        entry = _packed(POD, pod)
        if entry.work in self._remains:
            self._remains[entry.work][pod["metadata"]["name"]] = entry

    def _index(self, kind: Kind, name: str, entry: Entry) -> None:
        if kind == POD:
            self._pods[entry.work].add(name)
        elif kind == JOB:
            self._remains.setdefault(entry.uid, {})
        elif kind == INFERENCEJOB and entry.phase not in TERMINAL:
            self._jobs[entry.work].add(name)

    def _drop(self, kind: Kind, name: str) -> None:
        entry = self._stores[kind.kind].entries.pop(name, None)
        if entry is None:
            return
        if kind == POD:
            _discard(self._pods, entry.work, name)
        elif kind == INFERENCEJOB:
            _discard(self._jobs, entry.work, name)


def _discard(index: dict[str, set[str]], key: str, name: str) -> None:
    names = index.get(key)
    if names is not None:
        names.discard(name)
        if not names:
            del index[key]


def _dig(store: _Store, uid: str, *, ours: bool) -> None:
    store.graves[uid] = ours
    store.graves.move_to_end(uid)
    if len(store.graves) > _GRAVES:
        store.graves.popitem(last=False)


def _version(metadata: Mapping[str, Any]) -> int:
    return int(metadata.get("resourceVersion") or 0)


def _packed(kind: Kind, manifest: Manifest) -> Entry:
    metadata = manifest["metadata"]
    work, phase = _facts(kind, manifest)
    data = zlib.compress(to_json(stripped(manifest)), 1)
    return Entry(_version(metadata), metadata.get("uid", ""), data, work, phase)


def _unpacked(entry: Entry) -> Manifest:
    manifest: Manifest = from_json(zlib.decompress(entry.data), cache_strings="keys")
    return manifest


def _facts(kind: Kind, manifest: Manifest) -> tuple[str, str]:
    """Return what the indexes go by."""
    if kind == POD:
        owners = manifest["metadata"].get("ownerReferences") or ()
        return next((str(owner.get("uid")) for owner in owners), ""), ""
    if kind == INFERENCEJOB:
        spec = manifest.get("spec") or {}
        reference = spec.get("modelRef") or spec.get("pipelineRef") or {}
        phase = (manifest.get("status") or {}).get("phase") or "Pending"
        return str(reference.get("name", "")), str(phase)
    return "", ""

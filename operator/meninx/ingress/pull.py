"""Fetching a study that a job names and we don't hold, from the DicomNode that has it.

Level-based: what is held is counted against what the node says it holds, each time anew. A pulled
study is received like any other, so that routes apply to it too.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from meninx.base.errors import MeninxError, NotFound, Unavailable
from meninx.base.logs import Log
from meninx.ingress.admit import IMAGE_CLASSES
from meninx.ingress.receive import on_store
from meninx.kube import conditions
from meninx.kube.client import Api
from meninx.kube.conditions import NewCondition
from meninx.kube.kinds import DICOMNODE, INFERENCEJOB, Kind
from meninx.peers.dimse import Caller
from meninx.peers.node import Peer, peer_of
from meninx.peers.query import HeldSeries, find_series, get_study
from meninx.resources.inferencejob import TERMINAL, JobInput, NodeInput
from meninx.resources.names import FIELD_MANAGER_PULL
from meninx.resources.reasons import MEANINGS, Reason
from meninx.store.store import Store

PULLED = "Pulled"
TURN_SECONDS = 2.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0
_FIRST_CLASSES = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2")
CLASSES = (*_FIRST_CLASSES, *sorted(IMAGE_CLASSES - set(_FIRST_CLASSES)))
NO_IMAGES = frozenset({"SR", "PR", "KO", "DOC", "RTPLAN", "RTSTRUCT", "REG", "ECG", "FID", "AU"})
"""Modalities whose objects are not taken, and so not waited for."""
_LOG = Log(__name__)

Manifest = Mapping[str, Any]


def wanted(manifest: Manifest) -> NodeInput | None:
    """Return what a job wants to be pulled; None where it wants nothing (any more)."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    done = status.get("phase") in TERMINAL or spec.get("cancel") or spec.get("suspend")
    if done or conditions.is_true(status.get("conditions") or (), PULLED):
        return None
    try:
        return JobInput.model_validate(spec.get("input") or {}).dicom_node
    except ValidationError:
        return None


def missing(held: Sequence[HeldSeries], stored: Mapping[str, int]) -> str | None:
    """Say what of a study is not in the store yet; None where it is all there (pure)."""
    images = [one for one in held if one.modality not in NO_IMAGES]
    if not images:
        return "it holds no images of the study"
    short = [one for one in images if stored.get(one.series_uid, 0) < (one.instances or 1)]
    if not short:
        return None
    lacking = sum((one.instances or 1) - stored.get(one.series_uid, 0) for one in short)
    return f"{lacking} images of {len(short)} series are missing"


class Wanting:
    """The jobs that wait for a study; told by the watch of InferenceJobs, in its thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Manifest] = {}

    def changed(self, kind: Kind, type_: str, manifest: Manifest) -> None:
        """Take a job as it is now."""
        name = manifest["metadata"]["name"]
        with self._lock:
            if type_ != "DELETED" and wanted(manifest) is not None:
                self._jobs[name] = manifest
            else:
                self._jobs.pop(name, None)

    def listed(self, kind: Kind, seen: set[str], version: str) -> None:
        """Forget what a whole list does not hold."""
        with self._lock:
            self._jobs = {name: job for name, job in self._jobs.items() if name in seen}

    def jobs(self) -> list[Manifest]:
        """Return the jobs that wait now."""
        with self._lock:
            return list(self._jobs.values())


@dataclass(frozen=True)
class _Pause:
    seconds: float
    until: dt.datetime


class Puller:
    """Pulls what jobs wait for, one study after another, and says on each job how it stands."""

    def __init__(
        self, store: Store, api: Api, wanting: Wanting, *, namespace: str, caller: Caller
    ) -> None:
        self._store = store
        self._api = api
        self._wanting = wanting
        self._namespace = namespace
        self._caller = caller
        self._pauses: dict[str, _Pause] = {}

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop."""
        while not stop.wait(TURN_SECONDS):
            self.turn(self._store.clock.now())

    def turn(self, now: dt.datetime) -> None:
        """Look once at every job whose pause is over."""
        jobs = {str(job["metadata"]["uid"]): job for job in self._wanting.jobs()}
        self._pauses = {uid: pause for uid, pause in self._pauses.items() if uid in jobs}
        for uid, job in jobs.items():
            pause = self._pauses.get(uid)
            if pause is not None and now < pause.until:
                continue
            try:
                self._look(job, now)
            except MeninxError as error:
                _LOG.warning("a job is not told of its study yet", reason=str(error))
            before = 0.0 if pause is None else pause.seconds
            seconds = min(max(2 * before, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            self._pauses[uid] = _Pause(seconds, now + dt.timedelta(seconds=seconds))

    def _look(self, job: Manifest, now: dt.datetime) -> None:
        node = wanted(job)
        if node is None:
            return
        try:
            said = self._pull(node)
        except MeninxError as error:
            said = str(error)
        self._tell(job, f"DicomNode {node.name}: {said}." if said else None, now)

    def _pull(self, node: NodeInput) -> str | None:
        """Bring the store up to what the node holds; say what still lacks, None if nothing does."""
        peer, study = self._peer(node.name), node.study_instance_uid
        held = find_series(self._caller, peer, study)
        if held is not None and missing(held, self._stored(study)) is None:
            return None
        if held == ():
            return "it does not know the study"
        handler = partial(on_store, store=self._store)
        get_study(self._caller, peer, study, classes=CLASSES, on_store=handler)
        stored = self._stored(study)
        if held is None:
            return None if stored else "it sent no image of the study"
        return missing(held, stored)

    def _peer(self, name: str) -> Peer:
        manifest = self._api.get(DICOMNODE, self._namespace, name)
        if manifest is None:
            raise NotFound("it does not exist: create it, or correct spec.input.dicomNode.name")
        peer = peer_of(manifest)
        if not peer.may_send:
            raise Unavailable("it may not send studies: set maySend")
        return peer

    def _stored(self, study_uid: str) -> Counter[str]:
        return Counter(row.series_uid for row in self._store.received(study_uid, revision=None))

    def _tell(self, job: Manifest, lacking: str | None, now: dt.datetime) -> None:
        meta, existing = job["metadata"], (job.get("status") or {}).get("conditions") or []
        reason = Reason.FETCHED if lacking is None else Reason.WAITING_FOR_INPUT
        message = lacking or MEANINGS[reason].sentence
        new = NewCondition(PULLED, "True" if lacking is None else "False", reason, message)
        before = conditions.find(existing, PULLED) or {}
        if (before.get("status"), before.get("message")) == (new.status, new.message):
            return
        merged = conditions.merge(existing, new, now, meta.get("generation"))
        manifest = {
            "apiVersion": INFERENCEJOB.api_version,
            "kind": INFERENCEJOB.kind,
            "metadata": {name: meta[name] for name in ("name", "namespace", "uid")},
            "status": {"conditions": conditions.only(merged, {PULLED})},
        }
        written = self._api.apply(
            INFERENCEJOB, manifest, manager=FIELD_MANAGER_PULL, subresource="status"
        )
        self._wanting.changed(INFERENCEJOB, "MODIFIED", written)
        _LOG.info("a job was told of its study", job=meta["name"], reason=str(reason))

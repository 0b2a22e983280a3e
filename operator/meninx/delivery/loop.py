"""From committed results to results in their destinations, for ever.

Level-based: each turn compares what was committed, what the jobs ask for and what the outbox
holds. Nothing but the outbox and the API server remembers anything that counts.
"""

import datetime as dt
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.delivery import metrics
from meninx.delivery.entry import Entry, after
from meninx.delivery.nodes import Node, Nodes
from meninx.delivery.outbox import Outbox
from meninx.delivery.report import Report, Standing, report, status_of, wanted_entries
from meninx.delivery.send import attempt
from meninx.delivery.watch import Watch
from meninx.delivery.workers import Workers
from meninx.kube.client import Api
from meninx.kube.conditions import find
from meninx.kube.kinds import INFERENCEJOB
from meninx.peers.dimse import Caller
from meninx.peers.outcome import of_status
from meninx.resources.names import FIELD_MANAGER_DELIVERY
from meninx.resources.reasons import Reason
from meninx.store.rows import InstanceRow, ResultRow
from meninx.store.store import Store

COMPONENT = "meninx-delivery"
TURN_SECONDS = 1.0
LOOK_SECONDS = 10.0
_MOST_OBJECTS = 64
_LOG = Log(__name__)


@dataclass(frozen=True)
class Settings:
    """What the loop is told."""

    namespace: str
    caller: Caller
    echo_seconds: float = 60


class Loop:
    """The delivery of one store's results to the DicomNodes of one namespace."""

    def __init__(
        self, store: Store, api: Api, settings: Settings, clock: Clock | None = None
    ) -> None:
        self._store = store
        self._api = api
        self._settings = settings
        self._clock = clock or SystemClock()
        self._outbox = Outbox(store)
        self._nodes = Nodes(api, settings.namespace)
        self._workers = Workers()
        self._watch = Watch(
            api,
            self._nodes,
            self._workers,
            caller=settings.caller,
            echo_seconds=settings.echo_seconds,
        )
        self._next_look: dict[str, dt.datetime] = {}

    def run(self, stop: threading.Event) -> None:
        """Turn once a second until stopped; where a turn fails, wait longer and try again."""
        failures = 0
        while not stop.wait(min(TURN_SECONDS * 2.0 ** min(failures, 8), LOOK_SECONDS)):
            try:
                self.turn()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the edge of the process: goes on
                failures += 1
                metrics.FAILURES.labels(type(error).__name__).inc()
                _LOG.error("delivery failed: tried again", attempt=failures)
        self.close()

    def close(self) -> None:
        """Start nothing more and wait for what is under way."""
        self._workers.close()

    def turn(self) -> None:
        """Report on every job that is due, start what is due to be sent, watch the nodes."""
        now = self._clock.now()
        nodes = self._nodes.current(now)
        open_results = self._outbox.open_results()
        for result in open_results:
            if self._next_look.get(result.job_uid, now) <= now:
                self._guarded(result, nodes, now)
        waiting = self._outbox.entries()
        self._send(waiting, {one.job_uid: one.study_uid for one in open_results}, nodes, now=now)
        depths = Counter(entry.destination for entry in waiting)
        self._watch.turn(depths, self._outbox.last_delivered(), now)

    def settle(self) -> None:
        """Wait until what was started has ended."""
        self._workers.settle()

    # jobs

    def _guarded(self, result: ResultRow, nodes: Mapping[str, Node], now: dt.datetime) -> None:
        """Look at one job; its trouble never stops the others."""
        self._next_look[result.job_uid] = now + dt.timedelta(seconds=LOOK_SECONDS)
        try:
            self._look(result, nodes, now)
        except MeninxError as error:
            metrics.FAILURES.labels(type(error).__name__).inc()
            _LOG.warning("a job is not reported yet", job=result.job, reason=str(error))

    def _look(self, result: ResultRow, nodes: Mapping[str, Node], now: dt.datetime) -> None:
        job = self._api.get(INFERENCEJOB, result.namespace, result.job)
        if job is None or job["metadata"].get("uid") != result.job_uid:
            _LOG.info("a job is gone: its results are not sent", job=result.job)
            self._close(result)
            return
        standing = self._standing(result, job, nodes, now)
        said = report(standing)
        status = status_of(job, standing, said, now)
        if status is not None:
            self._say(job, status, said)
        if said.is_final:
            self._close(result)

    def _standing(
        self,
        result: ResultRow,
        job: Mapping[str, Any],
        nodes: Mapping[str, Node],
        now: dt.datetime,
    ) -> Standing:
        destinations = [one["name"] for one in job["spec"].get("destinations", [])]
        known = frozenset(name for name, node in nodes.items() if node.peer.may_receive)
        standing = Standing(result, destinations, known, [])
        self._outbox.keep_only(result.job_uid, destinations)
        self._outbox.ensure(wanted_entries(standing, now))
        return Standing(result, destinations, known, self._outbox.entries(job_uid=result.job_uid))

    def _say(self, job: dict[str, Any], status: dict[str, Any], said: Report) -> None:
        meta = job["metadata"]
        manifest = {
            "apiVersion": INFERENCEJOB.api_version,
            "kind": INFERENCEJOB.kind,
            "metadata": {name: meta[name] for name in ("name", "namespace", "uid")},
            "status": status,
        }
        self._api.apply(
            INFERENCEJOB, manifest, manager=FIELD_MANAGER_DELIVERY, subresource="status"
        )
        before = find(job.get("status", {}).get("conditions", []), said.delivered.type)
        new = said.delivered
        changed = before is None or before.get("reason") != new.reason
        if changed and new.reason != Reason.DELIVERY_PENDING:
            kind = "Normal" if new.status == "True" else "Warning"
            self._event(job, kind, new.reason, new.message)

    def _event(self, job: dict[str, Any], kind: Any, reason: str, message: str) -> None:
        self._api.event(job, type=kind, reason=reason, message=message, component=COMPONENT)

    def _close(self, result: ResultRow) -> None:
        self._outbox.close(result.job_uid)
        self._next_look.pop(result.job_uid, None)

    # sending

    def _send(
        self,
        waiting: list[Entry],
        studies: Mapping[str, str],
        nodes: Mapping[str, Node],
        *,
        now: dt.datetime,
    ) -> None:
        due: dict[str, list[Entry]] = defaultdict(list)
        for entry in waiting:
            if entry.is_due(now) and entry.job_uid in studies:
                due[entry.destination].append(entry)
        for destination, entries in due.items():
            node = nodes.get(destination)
            if node is not None and node.peer.may_receive:
                objects = [
                    (entry, self._store.instance(studies[entry.job_uid], entry.sop_instance_uid))
                    for entry in entries[:_MOST_OBJECTS]
                ]
                self._workers.start(destination, partial(self._attempt, node, objects))

    def _attempt(self, node: Node, due: list[tuple[Entry, InstanceRow | None]]) -> None:
        try:
            done = attempt(self._settings.caller, node.peer, due, now=self._clock.now())
        except Exception as error:  # noqa: BLE001 - the edge of a worker: tried again later
            metrics.FAILURES.labels(type(error).__name__).inc()
            _LOG.error("an attempt to deliver failed", destination=node.peer.name)
            done = [after(entry, of_status(None), self._clock.now()) for entry, _ in due]
        self._outbox.save(done)
        for entry in done:
            self._next_look.pop(entry.job_uid, None)

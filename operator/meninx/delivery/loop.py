"""From committed results to results in their destinations, for ever.

Level-based: each turn compares what was committed, what the jobs ask for and what the outbox
holds. Nothing but the outbox and the API server remembers anything that counts.
"""

import datetime as dt
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.delivery import metrics
from meninx.delivery.entry import Entry, after
from meninx.delivery.nodes import Node, Nodes, node_status
from meninx.delivery.outbox import Outbox
from meninx.delivery.report import Report, Standing, report, status_of, wanted_entries
from meninx.delivery.send import attempt
from meninx.kube.client import Api
from meninx.kube.conditions import find
from meninx.kube.kinds import DICOMNODE, INFERENCEJOB
from meninx.peers import dimse
from meninx.peers.dimse import Caller, Echo
from meninx.peers.outcome import of_status
from meninx.resources.names import FIELD_MANAGER_DELIVERY
from meninx.resources.reasons import Reason
from meninx.store.rows import InstanceRow, ResultRow
from meninx.store.store import Store

COMPONENT = "meninx-delivery"
TURN_SECONDS = 1.0
LOOK_SECONDS = 10.0
_WORKERS = 8
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
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="delivery")
        self._busy: dict[str, Future[None]] = {}
        self._next_look: dict[str, dt.datetime] = {}
        self._echoes: dict[str, Echo] = {}
        self._next_echo: dict[str, dt.datetime] = {}

    def run(self, stop: threading.Event) -> None:
        """Turn once a second until stopped."""
        while not stop.wait(TURN_SECONDS):
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 - the edge of the process: goes on
                metrics.FAILURES.labels(type(error).__name__).inc()
                _LOG.error("delivery failed: tried again")
        self.close()

    def close(self) -> None:
        """Start nothing more and wait for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def turn(self) -> None:
        """Report on every job that is due, start what is due to be sent, watch the nodes."""
        now = self._clock.now()
        nodes = self._nodes.current(now)
        for result in self._outbox.open_results():
            if self._next_look.get(result.job_uid, now) <= now:
                self._guarded(result, nodes, now)
        waiting = self._outbox.entries()
        self._send(waiting, nodes, now)
        self._watch(waiting, nodes, now)

    def settle(self) -> None:
        """Wait until what was started has ended."""
        for future in list(self._busy.values()):
            future.result()

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

    def _send(self, waiting: list[Entry], nodes: Mapping[str, Node], now: dt.datetime) -> None:
        due: dict[str, list[Entry]] = defaultdict(list)
        jobs = {result.job_uid: result.study_uid for result in self._outbox.open_results()}
        for entry in waiting:
            if entry.is_due(now) and entry.job_uid in jobs:
                due[entry.destination].append(entry)
        for destination, entries in due.items():
            node = nodes.get(destination)
            if node is not None and node.peer.may_receive:
                objects = [
                    (entry, self._store.instance(jobs[entry.job_uid], entry.sop_instance_uid))
                    for entry in entries[:_MOST_OBJECTS]
                ]
                self._start(destination, lambda o=objects, n=node: self._attempt(n, o))  # type: ignore[misc]

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

    def _start(self, key: str, work: Callable[[], None]) -> None:
        """Begin work in a thread unless that of the same key is under way."""
        running = self._busy.get(key)
        if running is None or running.done():
            self._busy[key] = self._pool.submit(work)

    # nodes

    def _watch(self, waiting: list[Entry], nodes: Mapping[str, Node], now: dt.datetime) -> None:
        depths = Counter(entry.destination for entry in waiting)
        last = self._outbox.last_delivered()
        for name, node in nodes.items():
            metrics.DEPTH.labels(name).set(depths[name])
            if not node.peer.may_receive:
                continue
            if self._next_echo.get(name, now) <= now:
                self._next_echo[name] = now + dt.timedelta(seconds=self._settings.echo_seconds)
                self._start(f"echo {name}", lambda n=node: self._echo(n))  # type: ignore[misc]
            echo = self._echoes.get(name)
            if echo is not None:
                self._tell(
                    node,
                    node_status(
                        node, echo, depth=depths[name], last_delivered=last.get(name), now=now
                    ),
                )

    def _echo(self, node: Node) -> None:
        try:
            self._echoes[node.peer.name] = dimse.echo(self._settings.caller, node.peer)
        except Exception as error:  # noqa: BLE001 - the edge of a worker: asked again later
            metrics.FAILURES.labels(type(error).__name__).inc()
            _LOG.error("a node could not be asked", destination=node.peer.name)

    def _tell(self, node: Node, status: dict[str, Any] | None) -> None:
        if status is None:
            return
        manifest = {
            "apiVersion": DICOMNODE.api_version,
            "kind": DICOMNODE.kind,
            "metadata": {
                "name": node.peer.name,
                "namespace": self._settings.namespace,
                "uid": node.manifest["metadata"]["uid"],
            },
            "status": status,
        }
        try:
            after_it = self._api.apply(
                DICOMNODE, manifest, manager=FIELD_MANAGER_DELIVERY, subresource="status"
            )
            self._nodes.replace(node, after_it)
        except MeninxError as error:
            _LOG.warning("a node is not told of yet", destination=node.peer.name, reason=str(error))

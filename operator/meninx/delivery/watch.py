"""Asking each node now and then whether it answers, and saying so on its DicomNode."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from meninx.base.errors import MeninxError
from meninx.base.logs import Log
from meninx.delivery import metrics
from meninx.delivery.nodes import Node, Nodes, node_status
from meninx.delivery.workers import Workers
from meninx.kube.client import Api
from meninx.kube.kinds import DICOMNODE
from meninx.peers import dimse
from meninx.peers.dimse import Caller, Echo
from meninx.resources.names import FIELD_MANAGER_DELIVERY

_LOG = Log(__name__)


class Watch:
    """The reachability of the nodes that may receive."""

    def __init__(
        self, api: Api, nodes: Nodes, workers: Workers, *, caller: Caller, echo_seconds: float
    ) -> None:
        self._api = api
        self._nodes = nodes
        self._workers = workers
        self._caller = caller
        self._interval = dt.timedelta(seconds=echo_seconds)
        self._echoes: dict[str, Echo] = {}
        self._next: dict[str, dt.datetime] = {}

    def turn(
        self, depths: Counter[str], last_delivered: Mapping[str, dt.datetime], now: dt.datetime
    ) -> None:
        """Start the echoes that are due; write what is known of each node where it is new."""
        for name, node in self._nodes.current(now).items():
            metrics.DEPTH.labels(name).set(depths[name])
            if not node.peer.may_receive:
                continue
            if self._next.get(name, now) <= now:
                self._next[name] = now + self._interval
                self._workers.start(f"echo {name}", partial(self._echo, node))
            echo = self._echoes.get(name)
            if echo is not None:
                last = last_delivered.get(name)
                status = node_status(node, echo, depth=depths[name], last_delivered=last, now=now)
                if status is not None:
                    self._tell(node, status)

    def _echo(self, node: Node) -> None:
        self._echoes[node.peer.name] = dimse.echo(self._caller, node.peer)

    def _tell(self, node: Node, status: dict[str, Any]) -> None:
        meta = node.manifest["metadata"]
        manifest = {
            "apiVersion": DICOMNODE.api_version,
            "kind": DICOMNODE.kind,
            "metadata": {name: meta[name] for name in ("name", "namespace", "uid")},
            "status": status,
        }
        try:
            written = self._api.apply(
                DICOMNODE, manifest, manager=FIELD_MANAGER_DELIVERY, subresource="status"
            )
            self._nodes.replace(node, written)
        except MeninxError as error:
            _LOG.warning("a node is not told of yet", destination=node.peer.name, reason=str(error))

"""What is said of a DicomNode: does it answer, what waits for it (pure but for the cache)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meninx.base.clock import to_rfc3339
from meninx.base.errors import BadInput, Unavailable
from meninx.base.logs import Log
from meninx.kube.client import Api
from meninx.kube.conditions import NewCondition, merge, only
from meninx.kube.kinds import DICOMNODE
from meninx.peers.dimse import Echo
from meninx.peers.node import Peer, peer_of
from meninx.resources.reasons import MEANINGS, Reason

REACHABLE = "Reachable"
_FRESH_SECONDS = 5.0
_LOG = Log(__name__)


@dataclass(frozen=True)
class Node:
    """A DicomNode as it was read."""

    manifest: Mapping[str, Any]
    peer: Peer


class Nodes:
    """The DicomNodes of a namespace, a few seconds old at most while the API server answers."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._nodes: dict[str, Node] = {}
        self._read_at: dt.datetime | None = None

    def current(self, now: dt.datetime) -> dict[str, Node]:
        """Return the nodes by name; while the API server is away, as they were last."""
        age = None if self._read_at is None else (now - self._read_at).total_seconds()
        if age is None or not 0 <= age < _FRESH_SECONDS:
            try:
                self._nodes = dict(self._read())
                self._read_at = now
            except Unavailable as error:
                if self._read_at is None:
                    raise
                _LOG.warning("nodes are not read anew", reason=str(error))
        return self._nodes

    def replace(self, node: Node, manifest: Mapping[str, Any]) -> None:
        """Remember a node as it is after our own write."""
        if node.peer.name in self._nodes:
            self._nodes[node.peer.name] = Node(manifest, node.peer)

    def _read(self) -> list[tuple[str, Node]]:
        found = []
        for manifest in self._api.list(DICOMNODE, self._namespace):
            try:
                peer = peer_of(manifest)
            except BadInput as error:
                _LOG.warning("a node is left out", reason=str(error))
                continue
            found.append((peer.name, Node(manifest, peer)))
        return found


def node_status(
    node: Node,
    echo: Echo,
    *,
    depth: int,
    last_delivered: dt.datetime | None,
    now: dt.datetime,
) -> dict[str, Any] | None:
    """Return the status to apply, or None where the node says all that already."""
    before = node.manifest.get("status", {})
    generation = node.manifest["metadata"].get("generation")
    reason = Reason.REACHABLE if echo.reachable else Reason.UNREACHABLE
    meaning = MEANINGS[reason]
    message = meaning.sentence if echo.reachable else f"{meaning.sentence} Last: {echo.message}."
    condition = NewCondition(REACHABLE, "True" if echo.reachable else "False", str(reason), message)
    merged = merge(before.get("conditions", []), condition, now, generation)
    status: dict[str, Any] = {
        "conditions": only(merged, {REACHABLE}),
        "outboxDepth": depth,
    }
    if last_delivered is not None:
        status["lastDelivered"] = to_rfc3339(last_delivered)
    if generation is not None:
        status["observedGeneration"] = generation
    said = {name: before.get(name) for name in status} | {
        "conditions": only(before.get("conditions", []), {REACHABLE})
    }
    return None if said == status else status

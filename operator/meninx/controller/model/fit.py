"""Whether any node could ever run a model, and if not, what no node offers (pure)."""

from collections.abc import Iterable, Sequence

from meninx.controller.queue.capacity import Node, Request, Taint
from meninx.controller.queue.quantity import written

TEMPORARY = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that the cluster itself puts on and takes off again: a cordon, a node that is not ready."""
_MOST_SHOWN = 3


def unfit(request: Request, nodes: Iterable[Node]) -> str | None:
    """Say what no node offers; None where one of them, were it empty, could run the model.

    What no node has by itself is said first; else what the nearest node lacks.
    """
    known = list(nodes)
    if not known:
        return "The cluster has no node."
    lacks = [_lacks(node, request) for node in known]
    if not all(lacks):
        return None
    alone = [said for said in _checks(request) if all(said in lacking for lacking in lacks)]
    if alone:
        return " ".join(_explained(said, request, known) for said in alone)
    nearest = min(range(len(known)), key=lambda number: len(lacks[number]))
    node, lacking = known[nearest], lacks[nearest]
    told = " ".join(_explained(said, request, [node]) for said in lacking)
    return f"No node offers all of it. Nearest is {node.name}: {told}"


def _checks(request: Request) -> list[str]:
    labels = [f"label {key}" for key, _ in request.node_selector]
    return [*labels, "taints", *(resource for resource, _ in request.wants)]


def _lacks(node: Node, request: Request) -> list[str]:
    """Return the checks that a node fails, in order."""
    failed = [f"label {k}" for k, v in request.node_selector if node.labels.get(k) != v]
    if _repelling(node, request):
        failed.append("taints")
    return failed + [
        resource for resource, count in request.wants if node.allocatable.get(resource, 0) < count
    ]


def _repelling(node: Node, request: Request) -> list[Taint]:
    lasting = (taint for taint in node.taints if not taint[0].startswith(TEMPORARY))
    return [taint for taint in lasting if not request.tolerates(taint)]


def _explained(said: str, request: Request, nodes: Sequence[Node]) -> str:
    if said == "taints":
        return _taints(request, nodes)
    if said.startswith("label "):
        return _label(said.removeprefix("label "), request, nodes)
    wanted = dict(request.wants)[said]
    most = max(node.allocatable.get(said, 0) for node in nodes)
    return f"{said}: {written(said, wanted)} needed, at most {written(said, most)} on a node."


def _label(key: str, request: Request, nodes: Sequence[Node]) -> str:
    wanted = dict(request.node_selector)[key]
    there = sorted({node.labels[key] for node in nodes if key in node.labels})
    found = ", ".join(there[:_MOST_SHOWN]) or "no such label"
    return f"Label {key}: {wanted} needed, there is {found}."


def _taints(request: Request, nodes: Sequence[Node]) -> str:
    keys = sorted({f"{key}:{effect}" for n in nodes for key, _, effect in _repelling(n, request)})
    return f"Taints that the model does not tolerate: {', '.join(keys[:_MOST_SHOWN])}."

"""The room on the nodes while a plan is made: what is taken, what is free, what is kept for whom.

It is the plan's scratch pad, made from the snapshot and thrown away with the plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meninx.controller.queue.capacity import Node, Request
from meninx.controller.queue.quantity import written

Wants = tuple[tuple[str, int], ...]


@dataclass
class _Lot:
    """All jobs that ask for the same: what does not fit one of them fits none after it."""

    request: Request
    nodes: tuple[int, ...]
    """Nodes that take such pods, room aside."""
    first: int = 0
    """Nodes before this one are known to have no room: room only shrinks while a plan is made."""
    keeps: bool = True
    """False once no node is left on which room could be kept."""


@dataclass
class Room:
    """Units by node and resource: free for the next job, free if nothing were kept, all in all."""

    nodes: tuple[Node, ...]
    free: list[dict[str, int]]
    spare: list[dict[str, int]]
    whole: list[dict[str, int]]
    """What a node can allocate, less what is kept on it."""
    index: dict[str, int]
    lots: dict[Request, _Lot] = field(default_factory=dict)
    keepers: dict[int, list[str]] = field(default_factory=dict)
    """By node, the names of the jobs for which room is kept on it."""

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "Room":
        """Return the room of empty nodes."""
        ordered = tuple(sorted(nodes, key=lambda node: node.name))
        return cls(
            nodes=ordered,
            free=[dict(node.allocatable) for node in ordered],
            spare=[dict(node.allocatable) for node in ordered],
            whole=[dict(node.allocatable) for node in ordered],
            index={node.name: position for position, node in enumerate(ordered)},
        )

    def lot(self, request: Request) -> _Lot:
        """Return the lot of a request."""
        found = self.lots.get(request)
        if found is None:
            takers = (n for n, node in enumerate(self.nodes) if node.takes(request))
            found = self.lots[request] = _Lot(request, tuple(takers))
        return found

    def first_fit(self, request: Request) -> int | None:
        """Return the first node, by name, with room."""
        lot = self.lot(request)
        while lot.first < len(lot.nodes):
            node = lot.nodes[lot.first]
            if fits(self.free[node], request.wants):
                return node
            lot.first += 1
        return None

    def place(self, request: Request, hint: str | None) -> int | None:
        """Return where a pod that is not placed yet will go: where it was seen before, if it fits."""
        node = self.index.get(hint) if hint else None
        takes = node is not None and self.nodes[node].takes(request)
        if node is not None and takes and fits(self.free[node], request.wants):
            return node
        return self.first_fit(request)

    def take(self, node: int, request: Request) -> None:
        """Count a pod on a node, whether it fits or not."""
        for resource, count in request.wants:
            self.free[node][resource] = self.free[node].get(resource, 0) - count
            self.spare[node][resource] = self.spare[node].get(resource, 0) - count

    def give_back(self, node: int, request: Request) -> None:
        """Count a pod off a node; every lot then looks at all nodes again."""
        for resource, count in request.wants:
            self.free[node][resource] = self.free[node].get(resource, 0) + count
            self.spare[node][resource] = self.spare[node].get(resource, 0) + count
        for lot in self.lots.values():
            lot.first = 0

    def keep(self, name: str, request: Request) -> bool:
        """Keep room for a job on the node that is nearest to fitting; False where there is none.

        What is kept may be in use now: as it comes free, jobs that come later do not get it. Of
        other resources of the node they may use what the job leaves.
        """
        lot = self.lot(request)
        could = [n for n in lot.nodes if fits(self.whole[n], request.wants)] if lot.keeps else []
        if not could:
            lot.keeps = False
            return False
        node = min(could, key=lambda n: (shortage(self.free[n], request.wants), n))
        for resource, count in request.wants:
            self.free[node][resource] = self.free[node].get(resource, 0) - count
            self.whole[node][resource] = self.whole[node].get(resource, 0) - count
        self.keepers.setdefault(node, []).append(name)
        return True

    def keeper(self, request: Request) -> str | None:
        """Name the first job but for whose kept room the request would fit; None where it would not."""
        for node in self.lot(request).nodes:
            if node in self.keepers and fits(self.spare[node], request.wants):
                return self.keepers[node][0]
        return None

    def never_fits(self, request: Request) -> bool:
        """Tell whether not even an empty node could take the job."""
        wants = request.wants
        nodes = self.lot(request).nodes
        return not any(fits(self.nodes[n].allocatable, wants) for n in nodes)

    def short(self, request: Request) -> str:
        """Say which resource is short on the node that is nearest to fitting."""
        nodes = self.lot(request).nodes
        if not nodes:
            return _labels(request)
        rows = self.free if not self.never_fits(request) else [n.allocatable for n in self.nodes]
        node = min(nodes, key=lambda n: (shortage(rows[n], request.wants), n))
        lacking = [
            f"{resource} ({written(resource, count)} needed, "
            f"{written(resource, max(0, rows[node].get(resource, 0)))} of "
            f"{written(resource, self.nodes[node].allocatable.get(resource, 0))} free)"
            for resource, count in request.wants
            if rows[node].get(resource, 0) < count
        ]
        where = f"{self.nodes[node].name}, the nearest of {len(nodes)} nodes"
        alone = self.nodes[node].name
        return f"Short on {alone if len(nodes) == 1 else where}: {', '.join(lacking)}."


def fits(free: Mapping[str, int], wants: Wants) -> bool:
    """Tell whether everything wanted is free."""
    return all(free.get(resource, 0) >= count for resource, count in wants)


def shortage(free: Mapping[str, int], wants: Wants) -> float:
    """Return how much is missing, as parts of what is wanted, summed over the resources."""
    return sum(max(0.0, 1.0 - free.get(resource, 0) / count) for resource, count in wants)


def _labels(request: Request) -> str:
    wanted = ", ".join(f"{key}={value}" for key, value in request.node_selector) or "none"
    return f"No node is ready that carries the labels ({wanted}) and whose taints are tolerated."

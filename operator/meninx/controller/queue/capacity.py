"""What nodes can allocate, and what a job asks of one of them (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meninx.base.errors import BadInput
from meninx.controller.job.chain import Chain
from meninx.controller.job.needs import extended_resources, node_selector
from meninx.controller.queue.quantity import CPU, MEMORY, units
from meninx.kube import conditions

PODS = "pods"
OWN_CPU_MILLI, OWN_MEMORY_BYTES = 100, 256 * 1024**2
"""What `fetch` and `deliver` ask for; they run before and after the steps, not beside them."""

_CORDONED = ("node.kubernetes.io/unschedulable", "", "NoSchedule")
_FORBIDS = frozenset({"NoSchedule", "NoExecute"})

Pairs = tuple[tuple[str, str], ...]
Taint = tuple[str, str, str]
"""Key, value and effect."""
Toleration = tuple[str, str, str, str]
"""Key, operator, value and effect; an empty key or effect means all."""


@dataclass(frozen=True)
class Request:
    """What one pod asks of the node that it runs on."""

    cpu_milli: int = OWN_CPU_MILLI
    memory_bytes: int = OWN_MEMORY_BYTES
    extended: tuple[tuple[str, int], ...] = ()
    """Extended resources such as `nvidia.com/gpu` and how many of each."""
    node_selector: Pairs = ()
    tolerations: tuple[Toleration, ...] = ()

    @cached_property
    def wants(self) -> tuple[tuple[str, int], ...]:
        """Return every resource asked for, the scarce first."""
        whole = (*self.extended, (CPU, self.cpu_milli), (MEMORY, self.memory_bytes), (PODS, 1))
        return tuple((resource, count) for resource, count in whole if count > 0)

    def tolerates(self, taint: Taint) -> bool:
        """Tell whether the pod may go where the taint is."""
        return any(_tolerated(taint, toleration) for toleration in self.tolerations)

    @cached_property
    def _hash(self) -> int:
        return hash((self.wants, self.node_selector, self.tolerations))

    def __hash__(self) -> int:
        """Return a hash that is counted once: a plan asks for it once a job."""
        return self._hash


@dataclass(frozen=True)
class Node:
    """A node as far as it matters for taking a pod."""

    name: str
    allocatable: Mapping[str, int]
    """Units by resource: thousandths of a CPU, bytes, pieces."""
    labels: Mapping[str, str]
    taints: tuple[Taint, ...] = ()
    ready: bool = True

    def takes(self, request: Request) -> bool:
        """Tell whether the node takes such pods at all, room aside."""
        if not self.ready:
            return False
        if any(self.labels.get(key) != value for key, value in request.node_selector):
            return False
        return all(request.tolerates(taint) for taint in self.taints)


def _tolerated(taint: Taint, toleration: Toleration) -> bool:
    key, operator, value, effect = toleration
    if effect and effect != taint[2]:
        return False
    if not key:
        return operator == "Exists"
    return key == taint[0] and (operator == "Exists" or value == taint[1])


def node_of(manifest: Mapping[str, Any]) -> Node:
    """Read a Node of the API; an amount that can't be read counts as none."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    said = conditions.find(status.get("conditions") or (), "Ready")
    taints = [_taint(taint) for taint in spec.get("taints") or ()]
    if spec.get("unschedulable"):
        taints.append(_CORDONED)
    return Node(
        name=str(manifest["metadata"]["name"]),
        allocatable=dict(_amounts(status.get("allocatable") or {})),
        labels=dict(manifest["metadata"].get("labels") or {}),
        taints=tuple(sorted({taint for taint in taints if taint[2] in _FORBIDS})),
        ready=said is None or said.get("status") == "True",
    )


def _taint(taint: Mapping[str, Any]) -> Taint:
    return str(taint.get("key", "")), str(taint.get("value") or ""), str(taint.get("effect", ""))


def _amounts(allocatable: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    for resource, quantity in allocatable.items():
        try:
            yield str(resource), units(resource, quantity)
        except BadInput:
            continue


def request_of(chain: Chain, gpu_product: str | None) -> Request:
    """Return what the one pod of a chain asks for: the most of any step, as they run in turn.

    Devices that are claimed from a DeviceClass are not among it: no node says how many it has, so
    the scheduler alone knows whether one is free.

    `gpu_product` is what a step with a GPU gets that names no product.
    """
    needs = [step.resources for step in chain.steps]
    extended: dict[str, int] = {}
    selector: dict[str, str] = {}
    for step in chain.steps:
        selector |= node_selector(step.resources, gpu_product)
        for resource, count in extended_resources(step.resources.gpu).items():
            extended[resource] = max(extended.get(resource, 0), count)
    return Request(
        cpu_milli=max(OWN_CPU_MILLI, *(units(CPU, need.cpu) for need in needs)),
        memory_bytes=max(OWN_MEMORY_BYTES, *(units(MEMORY, need.memory) for need in needs)),
        extended=tuple(sorted(extended.items())),
        node_selector=tuple(sorted(selector.items())),
        tolerations=tuple(sorted({_toleration(one) for need in needs for one in need.tolerations})),
    )


def _toleration(toleration: Mapping[str, Any]) -> Toleration:
    return (
        str(toleration.get("key") or ""),
        str(toleration.get("operator") or "Equal"),
        str(toleration.get("value") or ""),
        str(toleration.get("effect") or ""),
    )

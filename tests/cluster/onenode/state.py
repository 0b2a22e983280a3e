"""What the cluster is doing, as data and as text."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import binaries, daemons, kube, names

_WORKLOADS = ("deployment/coredns", "deployment/node-disk", "daemonset/gpu-device-plugin")


@dataclass(frozen=True)
class State:
    """One look at the cluster. `problems` is empty where it is Ready."""

    processes: dict[str, int | None]
    node: dict[str, str]
    workloads: dict[str, bool]
    network_policies: str
    problems: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Everything runs and the node takes pods."""
        return not self.problems

    @property
    def down(self) -> bool:
        """Nothing runs."""
        return not any(self.processes.values())


def look() -> State:
    """Look at the processes, the node and the cluster's own pods."""
    processes = {name: daemons.pid_of(name) for name in daemons.ORDER}
    problems = [f"{name} does not run" for name, pid in processes.items() if pid is None]
    node: dict[str, str] = {}
    workloads: dict[str, bool] = {}
    if not Path(binaries.path("kubectl")).exists():
        problems.append("kubectl is not built yet: `cluster.py up`")
    elif processes["kube-apiserver"] and processes["etcd"]:
        node, workloads, found = _read(_parts())
        problems += found
        if not dns_answers():
            problems.append(f"the cluster's DNS at {names.DNS_ADDRESS} does not answer")
    enforced = "enforced (kube-router's controller)" if processes["netpol"] else "NOT enforced"
    return State(processes, node, workloads, enforced, tuple(problems))


def dns_answers() -> bool:
    """Ask the DNS Service for the API server's name, from the node: proves kube-proxy and CoreDNS."""
    labels = b"".join(
        bytes([len(part)]) + part for part in b"kubernetes.default.svc.cluster.local".split(b".")
    )
    question = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        try:
            asking.sendto(question, (names.DNS_ADDRESS, 53))
            answer = asking.recv(512)
        except OSError:
            return False
    return socket.inet_aton(names.SERVICE_ADDRESS) in answer


def _parts() -> dict[str, Any]:
    node = kube.get("node", names.NODE)
    pods = kube.get("deployment,daemonset", "-n", "kube-system")
    return {"items": [*([node] if node else []), *(pods["items"] if pods else [])]}


def _read(listed: dict[str, Any]) -> tuple[dict[str, str], dict[str, bool], list[str]]:
    items = {f"{item['kind'].lower()}/{item['metadata']['name']}": item for item in listed["items"]}
    node = _node(items.get(f"node/{names.NODE}"))
    workloads = {name: name in items and _available(items[name]["status"]) for name in _WORKLOADS}
    problems = [f"{name} is not available" for name, there in workloads.items() if not there]
    if node.get("Ready") != "True":
        problems.insert(0, f"the node is not Ready: {node.get('why', 'it has not registered')}")
    elif node["gpus"] == "0":
        problems.append(f"the node offers no {names.GPU_RESOURCE}")
    return node, workloads, problems


def _node(item: dict[str, Any] | None) -> dict[str, str]:
    if item is None:
        return {}
    conditions = {each["type"]: each for each in item["status"].get("conditions", [])}
    ready = conditions.get("Ready", {"status": "Unknown"})
    return {
        "name": item["metadata"]["name"],
        "Ready": ready["status"],
        "why": ready.get("message", ""),
        "heartbeat": ready.get("lastHeartbeatTime", ""),
        "version": item["status"]["nodeInfo"]["kubeletVersion"],
        "gpus": item["status"].get("allocatable", {}).get(names.GPU_RESOURCE, "0"),
    }


def _available(status: dict[str, Any]) -> bool:
    wanted = status.get("desiredNumberScheduled", status.get("replicas", 0))
    has = status.get("numberAvailable", status.get("availableReplicas", 0))
    return bool(wanted) and has == wanted


def as_text(state: State) -> str:
    """A few lines for people."""
    lines = [
        f"{name:24} {f'runs (pid {pid})' if pid else 'down'}"
        for name, pid in state.processes.items()
    ]
    if state.node:
        node = state.node
        words = f"Ready={node['Ready']} {node['version']} {names.GPU_RESOURCE}={node['gpus']}"
        lines.append(f"{'node ' + node['name']:24} {words}")
    lines += [
        f"{name:24} {'available' if there else 'not available'}"
        for name, there in state.workloads.items()
    ]
    lines.append(f"{'NetworkPolicy':24} {state.network_policies}")
    lines.append(f"{'kubeconfig':24} {names.KUBECONFIG}")
    lines += [f"PROBLEM: {problem}" for problem in state.problems]
    return "\n".join(lines)

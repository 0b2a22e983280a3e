"""The rough part of the self-test: everything killed at once, and what is left after `down`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from . import daemons, firewall, kube, leftovers, lock, names, plane, state
from .shell import ClusterError


def killed() -> str:
    """Kill every process, shims and containers too; `up` brings it back with what it held."""
    kube.kubectl("create", "configmap", "kept", "-n", "default", "--from-literal=is=here")
    with lock.held():
        pids = leftovers.processes()
        daemons.kill(pids, how=signal.SIGKILL, seconds=10)
        seen = state.look()
        if not seen.down:
            raise ClusterError(f"still running: {seen.processes}")
        plane.up(gpus=2, fresh=False)
    kube.kubectl("delete", "configmap", "kept", "-n", "default")
    return f"{len(pids)} processes killed; Ready again with the objects it held"


def leaves_nothing() -> str:
    """After `down`: no process, mount, interface, rule, set, control group or folder."""
    before = json.loads((names.LIB / "sysctls.json").read_text())
    with lock.held():
        plane.down(keep_images=False)
        found = traces()
    if found:
        raise ClusterError("left behind: " + "; ".join(found))
    now = {name: (Path("/proc/sys") / name).read_text().strip() for name in before}
    if now != before:
        raise ClusterError(f"the kernel's settings were {before} and are {now}")
    return "nothing left, and the kernel's settings are as they were"


def traces() -> list[str]:
    """Everything of a cluster that is there, in words."""
    found = [f"process {pid}" for pid in leftovers.processes()]
    found += [f"mount {point}" for point in leftovers.mounts()]
    found += [f"interface {name}" for name in leftovers.interfaces()]
    for tool in ("iptables", "ip6tables"):
        found += [f"{tool} {line}" for line in firewall.lines(tool)]
    found += [f"ipset {name}" for name in firewall.sets()]
    found += [f"control group {path}" for path in leftovers.pod_cgroups()]
    folders = (names.RUN, names.LIB, names.KUBELET, Path("/var/lib/cni"), Path("/run/containerd"))
    return found + [f"folder {path}" for path in folders if path.exists()]

"""Clearing away: what a cluster that was stopped, or whose processes were simply killed, leaves
behind in the kernel and in /run. Only things under the cluster's own names are touched.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import firewall, names
from .daemons import kill, started_at
from .shell import ClusterError, run

_CGROUPS: Final = Path("/sys/fs/cgroup")
_CNI_RESULTS: Final = Path("/var/lib/cni/results")
_SHIMS: Final = Path("/run/containerd")
_SYSCTLS: Final = (
    "net/ipv4/ip_forward",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
)


def processes() -> set[int]:
    """Ids of everything that runs for a cluster, whoever started it."""
    return {pid for pid in _all_pids() if _is_ours(pid)} | set(_in_pods())


def _all_pids() -> Iterator[int]:
    own = os.getpid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _is_ours(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    program = words[0].rpartition(b"/")[2].decode(errors="replace")
    marks = (str(names.RUN).encode() + b"/", str(names.LIB).encode() + b"/")
    known = program in _DAEMONS or program.startswith("containerd-shim")
    return known and any(mark in word for word in words[1:] for mark in marks)


_DAEMONS: Final = {
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "meninx-cluster-node",
    "containerd",
}


def _kubelet_is_ours() -> bool:
    """Pods, chains and mounts carry Kubernetes' own names: another kubelet's must be left alone."""
    return names.KUBELET_MARK.exists()


def pod_cgroups() -> list[Path]:
    """The control groups that the kubelet made, one a controller."""
    if not _kubelet_is_ours():
        return []
    found = [_CGROUPS / "kubepods", *_CGROUPS.glob("*/kubepods")]
    return [path for path in found if path.is_dir()]


def _in_pods() -> Iterator[int]:
    for top in pod_cgroups():
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files:
                yield from map(int, (Path(folder) / "cgroup.procs").read_text().split())


def clear_runtime() -> None:
    """What a reboot would clear: processes, mounts, network, sockets. The data on disk stays."""
    kill(processes(), how=signal.SIGKILL, seconds=10)
    _unmount()
    _remove_cgroups()
    _remove_network()
    shutil.rmtree(names.RUN, ignore_errors=True)
    results = list(_CNI_RESULTS.glob(f"{names.NETWORK}-*"))
    if not _other_containerd():
        # The shims' sockets and the loopbacks' results carry nobody's name.
        results += _CNI_RESULTS.glob("cni-loopback-*")
        for folder in ("s", "fifo"):
            shutil.rmtree(_SHIMS / folder, ignore_errors=True)
    for result in results:
        result.unlink(missing_ok=True)


def _other_containerd() -> bool:
    # One that has ended stays listed until its parent asks for it, which on some machines nobody does.
    return any("containerd" in _program(pid) for pid in _all_pids() if started_at(pid))


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def mounts() -> list[str]:
    """Mount points at and under the cluster's folders, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    roots = [str(names.RUN), str(names.LIB), *([str(names.KUBELET)] if _kubelet_is_ours() else [])]
    # The kubelet mounts its own folder onto itself, so the roots count too.
    ours = [point for point in points if any(f"{point}/".startswith(f"{root}/") for root in roots)]
    return sorted(ours, key=len, reverse=True)


def _unmount() -> None:
    """Unmount all; ClusterError rather than going on to delete through a mount that stays."""
    for _ in range(5):
        for point in mounts():
            run(["umount", "--lazy", point], check=False)
        if not mounts():
            return
    raise ClusterError("these stay mounted, unmount them by hand: " + ", ".join(mounts()))


def _remove_cgroups() -> None:
    for top in pod_cgroups():
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue


def interfaces() -> list[str]:
    """The cluster's bridge and what hangs on it."""
    links = json.loads(run(["ip", "-json", "link", "show"]))
    ours = [link for link in links if names.BRIDGE in (link["ifname"], link.get("master"))]
    return [link["ifname"] for link in ours]


def _remove_network() -> None:
    for name in interfaces():
        run(["ip", "link", "delete", name], check=False)
    if _kubelet_is_ours():
        firewall.clear()


def remember_sysctls() -> None:
    """Note the kernel's settings before the cluster changes them; the first note stands."""
    note = names.LIB / "sysctls.json"
    if note.exists():
        return
    values = {
        name: _sysctl(name).read_text().strip() for name in _SYSCTLS if _sysctl(name).exists()
    }
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(values))


def restore_sysctls() -> None:
    """Give the kernel back its settings."""
    note = names.LIB / "sysctls.json"
    if note.exists():
        for name, value in json.loads(note.read_text()).items():
            set_sysctl(name, value)


def set_sysctl(name: str, value: str) -> None:
    """Change a setting where it differs."""
    path = _sysctl(name)
    if path.exists() and path.read_text().strip() != value:
        path.write_text(value)


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name


def _remove_tree(folder: Path) -> None:
    """Remove a folder, again where something that was killed just now still wrote into it."""
    for _ in range(5):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.2)
    raise ClusterError(f"{folder} can't be removed: see what is in it")


def clear_disk(*, keep_images: bool) -> None:
    """Remove the cluster's folders; a folder that something is still mounted in is never entered."""
    _unmount()
    if names.KUBELET_MARK.exists():
        _remove_tree(names.KUBELET)
    for entry in names.LIB.iterdir() if names.LIB.is_dir() else ():
        if keep_images and entry == names.CONTAINERD_ROOT:
            continue
        _remove_tree(entry) if entry.is_dir() else entry.unlink()
    if not keep_images:
        _remove_tree(names.LIB)
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(names.LIB) in str(link.readlink()):
            link.unlink()
    logs = (Path("/var/log/containers"), Path("/var/log/pods"))
    for folder in (*logs, _CNI_RESULTS, _CNI_RESULTS.parent, _SHIMS):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

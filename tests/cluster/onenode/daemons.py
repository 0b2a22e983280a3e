"""The cluster's processes: started in the background, known by a file with their id and start time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from . import names
from .shell import ClusterError

ORDER = (
    "etcd",
    "kube-apiserver",
    "containerd",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "netpol",
)


def _file(name: str) -> Path:
    return names.RUN / f"{name}.pid"


def started_at(pid: int) -> str | None:
    """The kernel's start time of a process, in ticks since boot; None where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def pid_of(name: str) -> int | None:
    """The id of a daemon that runs; an id that was given to another process since does not count."""
    try:
        known = json.loads(_file(name).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return int(known["pid"]) if started_at(known["pid"]) == known["started"] else None


def log_of(name: str) -> Path:
    """Where a daemon writes."""
    return names.LOGS / f"{name}.log"


def start(name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Start a daemon in a session of its own, unless it runs already."""
    if pid_of(name) is not None:
        return
    names.LOGS.mkdir(parents=True, exist_ok=True)
    with log_of(name).open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(env or {})},
            cwd="/",
            start_new_session=True,
        )
    known = {"pid": process.pid, "started": started_at(process.pid)}
    _file(name).write_text(json.dumps(known))


def must_run(name: str) -> None:
    """ClusterError with the end of its log, where a daemon has ended."""
    if pid_of(name) is None:
        lines = log_of(name).read_text(errors="replace").splitlines()[-15:]
        raise ClusterError(
            f"{name} has ended; its log ({log_of(name)}) ends with:\n" + "\n".join(lines)
        )


def kill(pids: Iterable[int], *, how: signal.Signals, seconds: float) -> set[int]:
    """Signal processes and wait; those that are still there."""
    left = {pid: started_at(pid) for pid in pids}
    for pid in left:
        _signal(pid, how)
    end = time.monotonic() + seconds
    while True:
        left = {pid: began for pid, began in left.items() if began and started_at(pid) == began}
        if not left or time.monotonic() > end:
            return set(left)
        time.sleep(0.05)


def _signal(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def stop(name: str, *, seconds: float = 3) -> None:
    """End a daemon, by force where asking does not help."""
    pid = pid_of(name)
    if pid is not None and kill([pid], how=signal.SIGTERM, seconds=seconds):
        kill([pid], how=signal.SIGKILL, seconds=5)
    _file(name).unlink(missing_ok=True)

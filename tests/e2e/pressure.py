"""A node under pressure for want of process ids, on the one-node cluster: its kubelet evicts one pod."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.demo.shell import run
from tests.demo.target import CLUSTER
from tests.e2e import mutation
from tests.e2e.failing import WORK, Failing, Lab, all_gpus, infers
from tests.e2e.site import Site
from tests.support.make import Manifest

from meninx.kube.kinds import NODE, Kind

PRIORITY = Kind(
    "scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False
)  # fmt: skip
LAST, VALUE = "e2e-last", -1000
NAME = "pressed"
THREADS, MARGIN = 2000, 1000
HOLD_SECONDS = 60
_LIMITS = ("kernel/pid_max", "kernel/threads-max")
_OTHERS = "memory.available<100Mi,nodefs.available<1%,imagefs.available<1%"
CROWD = f"""
import threading, time
threading.stack_size(65536)
held = threading.Event()
for _ in range({THREADS}):
    threading.Thread(target=held.wait, daemon=True).start()
time.sleep(max(0.0, UNTIL - time.time()))
"""


def evicted_by_its_node(place: Lab) -> Failing:
    """Return a job whose pod the kubelet has evicted, with the node as it was before.

    Its threads are what presses; its pod has the lowest priority of all, so no other is evicted.
    """
    site, script = place.site, CROWD.replace("UNTIL", str(time.time() + HOLD_SECONDS))
    with _coming_last(site):
        free = _free_ids()
        job = place.begin(NAME, f"python -c '{script}'; {WORK}")
        job.pod(infers)
        job.until("crowd", lambda: _free_ids() < free - THREADS * 3 // 4)
        with _evicting_below(site, free - MARGIN):
            job.until("eviction", job.attempts)
    return job


@contextmanager
def _coming_last(site: Site) -> Iterator[None]:
    body = {"metadata": {"name": LAST}, "value": VALUE}
    site.api.apply(PRIORITY, body, manager="e2e")
    spec = f'Object.spec{{priorityClassName: "{LAST}", priority: {VALUE}}}'
    try:
        with mutation.of_pods(site, LAST, spec, [NAME]):
            yield
    finally:
        site.api.delete(PRIORITY, None, LAST)


def _free_ids() -> int:
    """Return how many more processes and threads the node can have, as its kubelet counts them."""
    most = min(int((Path("/proc/sys") / limit).read_text()) for limit in _LIMITS)
    return most - int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


@contextmanager
def _evicting_below(site: Site, ids: int) -> Iterator[None]:
    """Have the kubelet evict while fewer process ids are free; afterwards nothing is left of it."""
    gpus = all_gpus(site)
    evict = f"--eviction-hard={_OTHERS},pid.available<{ids}"
    try:
        _restart_kubelet(evict, "--eviction-pressure-transition-period=1s")
        yield
    finally:
        _restart_kubelet()
        _until_at_ease(site, gpus)


def _restart_kubelet(*flags: str) -> None:
    run([sys.executable, *CLUSTER, "kill", "kubelet"])
    run([sys.executable, *CLUSTER, "start", "kubelet", *(f"--flag={flag}" for flag in flags)])


def _until_at_ease(site: Site, gpus: int) -> None:
    """Wait until the node is ready, not under pressure, without taints, and offers its GPUs."""
    end = time.monotonic() + 60
    while not _at_ease(site.api.list(NODE, None)[0], gpus):
        assert time.monotonic() < end, f"the node is not at ease: {site.api.list(NODE, None)[0]}"
        time.sleep(0.5)


def _at_ease(node: Manifest, gpus: int) -> bool:
    status = node["status"]
    true = {c["type"] for c in status["conditions"] if c["status"] == "True"}
    offered = int(status["allocatable"].get("nvidia.com/gpu", 0))
    return true == {"Ready"} and not node["spec"].get("taints") and offered == gpus

"""A node under pressure for want of process ids, on the one-node cluster: its kubelet evicts one pod."""

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.demo.shell import run
from tests.demo.target import CLUSTER
from tests.e2e import mutation
from tests.e2e.failing import WORK, Failing, Lab, all_gpus
from tests.e2e.site import Site
from tests.support.make import Manifest

from meninx.base.clock import SystemClock, from_rfc3339
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
    site = place.site
    with _coming_last(site), _evicting_below(site, _free_ids() - MARGIN):
        script = CROWD.replace("UNTIL", str(time.time() + HOLD_SECONDS))
        job = place.begin(NAME, f"python -c '{script}'; {WORK}")
        job.until("eviction", job.attempts)
    return job


@contextmanager
def _coming_last(site: Site) -> Iterator[None]:
    body = {"metadata": {"name": LAST}, "value": VALUE, "preemptionPolicy": "Never"}
    site.api.apply(PRIORITY, body, manager="e2e")
    said = f'priorityClassName: "{LAST}", priority: {VALUE}, preemptionPolicy: "Never"'
    try:
        with mutation.of_pods(site, LAST, f"Object.spec{{{said}}}", [NAME]):
            yield
    finally:
        site.api.delete(PRIORITY, None, LAST)


def _free_ids() -> int:
    """Return how many more processes and threads the node can have, as its kubelet counts them."""
    most = min(int((Path("/proc/sys") / limit).read_text()) for limit in _LIMITS)
    return most - int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


@contextmanager
def _evicting_below(site: Site, ids: int) -> Iterator[None]:
    """Have the kubelet evict while fewer process ids are free; afterwards nothing is left of it.

    More are free when it starts: a kubelet that starts under pressure takes no pod of its node back.
    """
    gpus = all_gpus(site)
    evict = f"--eviction-hard={_OTHERS},pid.available<{ids}"
    try:
        _restart_kubelet(site, gpus, evict, "--eviction-pressure-transition-period=1s")
        yield
    finally:
        _restart_kubelet(site, gpus)


def _restart_kubelet(site: Site, gpus: int, *flags: str) -> None:
    """Start it anew, and wait until its node is ready, without taints, and offers its GPUs."""
    run([sys.executable, *CLUSTER, "kill", "kubelet"])
    began = SystemClock().now()
    run([sys.executable, *CLUSTER, "start", "kubelet", *(f"--flag={flag}" for flag in flags)])
    end = time.monotonic() + 90
    while not _at_ease(site.api.list(NODE, None)[0], began, gpus):
        assert time.monotonic() < end, f"the node is not at ease: {site.api.list(NODE, None)[0]}"
        time.sleep(0.5)


def _at_ease(node: Manifest, began: dt.datetime, gpus: int) -> bool:
    conditions = node["status"]["conditions"]
    true = [c for c in conditions if c["status"] == "True"]
    offered = int(node["status"]["allocatable"].get("nvidia.com/gpu", 0))
    if [c["type"] for c in true] != ["Ready"] or node["spec"].get("taints") or offered != gpus:
        return False
    return from_rfc3339(true[0]["lastHeartbeatTime"]) > began

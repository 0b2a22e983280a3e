"""Evicted, deleted, refused, pre-empted, its node lost: each job has no retries, and ends well."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.e2e.failing import WORK, Failing, Lab, all_gpus, infers, lab, needs, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.base.clock import SystemClock, to_rfc3339
from meninx.kube.kinds import NODE, POD, Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240, func_only=True)]

PRIORITY = Kind(
    "scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False
)  # fmt: skip
LIMITS = Kind("", "v1", "limitranges", "LimitRange")
GHOST = "e2e-ghost"
SLOW = f"sleep 15; {WORK}"
GPU = "nvidia.com/gpu"


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Lab]:
    """Return where the jobs are made."""
    with lab(site) as made:
        yield made


@pytest.fixture(scope="module")
def struck(place: Lab) -> Iterator[dict[str, Failing]]:
    """Start jobs side by side, and strike each while its model runs."""
    with _haunted(place) as lost:
        jobs = {"node-lost": lost, "storage": _greedy(place)}
        jobs |= {name: place.begin(name, SLOW) for name in STRIKES}
        for name, strike in STRIKES.items():
            strike(jobs[name], jobs[name].pod(infers)["metadata"]["name"])
        yield jobs


@contextmanager
def _haunted(place: Lab) -> Iterator[Failing]:
    """Start a job on a node that exists in name only, and take that node away."""
    site = place.site
    _ghost(site)
    resources = needs(0) | {"nodeSelector": {"meninx.test/ghost": "yes"}}
    job = place.begin("node-lost", WORK, model={"resources": resources})
    job.pod(lambda pod: pod["spec"].get("nodeName") == GHOST)
    site.api.delete(NODE, None, GHOST)
    real = site.api.list(NODE, None)[0]["metadata"]["name"]
    site.kubectl("label", "node", real, "meninx.test/ghost=yes", "--overwrite")
    try:
        yield job
    finally:
        site.kubectl("label", "node", real, "meninx.test/ghost-")
        site.api.delete(NODE, None, GHOST)


def _greedy(place: Lab) -> Failing:
    """Start a job that writes more than the namespace allows its containers.

    The kubelet measures volumes once a minute.
    """
    limit = {"type": "Container", "default": {"ephemeral-storage": "30Mi"}}
    metadata = {"name": "e2e-limit", "namespace": NAMESPACE}
    place.site.api.apply(LIMITS, {"metadata": metadata, "spec": {"limits": [limit]}}, manager="e2e")
    try:
        _until_it_limits(place.site)
        job = place.begin("storage", "head -c 100000000 /dev/zero > /tmp/full; sleep 180")
        job.pod()
    finally:
        place.site.api.delete(LIMITS, NAMESPACE, "e2e-limit")
    return job


def _evict(job: Failing, pod: str) -> None:
    eviction = {
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod, "namespace": NAMESPACE},
    }  # fmt: skip
    _create(job.site, f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction", eviction)


def _delete(job: Failing, pod: str) -> None:
    job.site.kubectl("delete", "pod", pod, "--wait=false")


STRIKES: dict[str, Callable[[Failing, str], None]] = {
    "evicted": _evict,
    "deleted": _delete,
    "job-deleted": lambda job, _: job.delete_work(),
}


def _ghost(site: Site) -> None:
    labels = {"meninx.test/ghost": "yes"}
    site.api.apply(NODE, {"metadata": {"name": GHOST, "labels": labels}}, manager="e2e")
    now = to_rfc3339(SystemClock().now())
    ready = {
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "in name only",
        "lastHeartbeatTime": now, "lastTransitionTime": now,
    }  # fmt: skip
    room = {"cpu": "4", "memory": "8Gi", "pods": "9", "ephemeral-storage": "9Gi"}
    status = {"capacity": room, "allocatable": room, "conditions": [ready]}
    manifest = {"metadata": {"name": GHOST}, "status": status}
    site.api.apply(NODE, manifest, manager="e2e", subresource="status")


def _ended_well(job: Failing, *reasons: str) -> None:
    assert job.end()["phase"] == "Succeeded"
    assert job.attempts() == [(reason, False) for reason in reasons]


def test_evicted_pod_is_started_again(struck: dict[str, Failing]) -> None:
    _ended_well(struck["evicted"], "Evicted")


def test_pod_deleted_by_hand_is_started_again(struck: dict[str, Failing]) -> None:
    _ended_well(struck["deleted"], "PodDeleted")


def test_kubernetes_job_deleted_by_hand_is_made_again(struck: dict[str, Failing]) -> None:
    job = struck["job-deleted"]
    assert job.end()["phase"] == "Succeeded"
    assert all(not counts for _, counts in job.attempts())


def test_pod_without_its_gpu_is_started_again(place: Lab, struck: dict[str, Failing]) -> None:
    """The kubelet refuses a pod that is bound to its node while both GPUs are taken."""
    assert struck
    with _filling(place.site, "e2e-filler", priority=None):
        job = place.begin("no-gpu", WORK, model={"resources": needs(1)})
        waits = job.pod()["metadata"]["name"]
        assert job.until("word of it", lambda: "Unschedulable" in json.dumps(job.status))
        _bind(place.site, waits)
        job.until("refusal", job.attempts)
    _ended_well(job, "GpuNotAllocated")


def test_pod_that_gives_way_to_a_higher_priority_is_started_again(place: Lab) -> None:
    job = place.begin("preempted", f"sleep 5; {WORK}", model={"resources": needs(1)})
    job.pod(infers)
    with _filling(place.site, "e2e-preemptor", priority="e2e-first"):
        job.until("pre-emption", job.attempts)
    _ended_well(job, "Preempted")


def test_pod_that_overruns_its_storage_used_its_own_retry(struck: dict[str, Failing]) -> None:
    """An eviction that the model brought on itself, told apart from one of the node's."""
    assert struck["storage"].end()["phase"] == "Failed"
    assert struck["storage"].attempts() == [("OutOfStorage", True)]


def test_job_of_a_lost_node_is_started_elsewhere(struck: dict[str, Failing]) -> None:
    _ended_well(struck["node-lost"], "NodeLost")


def _create(site: Site, path: str, manifest: Manifest) -> None:
    site.target.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(manifest))


def _bind(site: Site, pod: str) -> None:
    node = site.api.list(NODE, None)[0]["metadata"]["name"]
    binding = {
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod, "namespace": NAMESPACE},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }  # fmt: skip
    _create(site, f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/binding", binding)


@contextmanager
def _filling(site: Site, name: str, *, priority: str | None) -> Iterator[None]:
    """Hold all GPUs by a pod that is not a job's."""
    held = {"limits": {GPU: str(all_gpus(site))}}
    spec = plain_pod(site.models["threshold"], ["sleep", "300"], resources=held)
    if priority:
        body = {"metadata": {"name": priority}, "value": 100_000_000}
        site.api.apply(PRIORITY, body, manager="e2e")
        spec["priorityClassName"] = priority
    metadata = {"name": name, "namespace": NAMESPACE}
    site.api.apply(POD, {"metadata": metadata, "spec": spec}, manager="e2e")
    try:
        _until_it_runs(site, name)
        yield
    finally:
        site.kubectl("delete", "pod", name, "--grace-period=1")
        if priority:
            site.api.delete(PRIORITY, None, priority)


def _until_it_limits(site: Site) -> None:
    """Wait until the API server knows of the limit: it reads them from a cache of its own."""
    metadata = {"name": "e2e-limited", "namespace": NAMESPACE}
    spec = plain_pod(site.models["threshold"], ["true"])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    ask = ("create", "--dry-run=server", "-o", "json", "-f", "-")
    end = time.monotonic() + 30
    while "30Mi" not in site.target.kubectl(*ask, stdin=json.dumps(pod)):
        assert time.monotonic() < end, "the limit is not applied"
        time.sleep(0.3)


def _until_it_runs(site: Site, name: str) -> None:
    end = time.monotonic() + 60
    while (site.api.get(POD, NAMESPACE, name) or {}).get("status", {}).get("phase") != "Running":
        assert time.monotonic() < end, f"pod {name} does not run"
        time.sleep(0.3)

"""Evicted, deleted, refused, pre-empted, node or store lost: each job has no retries, and ends well."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pydicom
import pytest
from tests.e2e import pressure, studies
from tests.e2e.away import DELIVERS, FETCHES, without_the_store
from tests.e2e.failing import WORK, Failing, Lab, infers, lab, needs, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.base.clock import SystemClock, to_rfc3339
from meninx.kube.kinds import NODE, POD, Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240, func_only=True)]

LIMITS = Kind("", "v1", "limitranges", "LimitRange")
QUOTAS = Kind("", "v1", "resourcequotas", "ResourceQuota")
GHOST = "e2e-ghost"
SLOW = f"sleep 15; {WORK}"
GPU, PROFILE = "nvidia.com/gpu", "1g.10gb"
SLICE = f"nvidia.com/mig-{PROFILE}"


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
        jobs |= without_the_store(place)
        if place.site.target.how == "one-node":
            for name in (*STRIKES, FETCHES, DELIVERS):
                jobs[name].end()  # a node under pressure takes no pod, of theirs neither
            jobs[pressure.NAME] = pressure.evicted_by_its_node(place)
        yield jobs


@contextmanager
def _haunted(place: Lab) -> Iterator[Failing]:
    """Start a job on a node that exists in name only, and take that node away."""
    site = place.site
    real = next(name for name in _nodes(site) if name != GHOST)
    resources = needs(0) | {"nodeSelector": {"meninx.test/ghost": "yes"}}
    site.kubectl("label", "node", real, "meninx.test/ghost-")  # a run that was killed leaves it
    try:
        _ghost(site)
        job = place.begin("node-lost", WORK, model={"resources": resources})
        job.pod(lambda pod: pod["spec"].get("nodeName") == GHOST)
        site.api.delete(NODE, None, GHOST)
        site.kubectl("label", "node", real, "meninx.test/ghost=yes", "--overwrite")
        yield job
    finally:
        site.kubectl("label", "node", real, "meninx.test/ghost-")
        site.api.delete(NODE, None, GHOST)


def _nodes(site: Site) -> list[str]:
    return [node["metadata"]["name"] for node in site.api.list(NODE, None)]


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


def test_fetch_is_tried_again_until_the_store_is_back(struck: dict[str, Failing]) -> None:
    assert struck[FETCHES].end()["phase"] == "Succeeded"
    assert set(struck[FETCHES].attempts()) == {("FetchFailed", False)}


def test_deliver_is_tried_again_until_the_store_is_back(struck: dict[str, Failing]) -> None:
    """Each attempt is a whole run: where the store is still away then, it is fetch that says so."""
    assert struck[DELIVERS].end()["phase"] == "Succeeded"
    first, *others = struck[DELIVERS].attempts()
    assert first == ("DeliverFailed", False)
    assert set(others) <= {("FetchFailed", False), ("DeliverFailed", False)}


@pytest.mark.rule("once")
def test_job_that_met_no_store_has_one_result(place: Lab, struck: dict[str, Failing]) -> None:
    """In the PACS: theirs, and that of the route's own job of the study."""
    of_jobs = [struck[name].end()["results"]["sopInstanceUIDs"] for name in (FETCHES, DELIVERS)]
    held = studies.in_pacs(place.site, place.study, "SEG")
    uids = [str(pydicom.dcmread(io.BytesIO(raw)).SOPInstanceUID) for raw in held]
    assert len(set(uids)) == len(uids) == 3
    assert [sum(uid in made for uid in uids) for made in of_jobs] == [1, 1]


def test_pod_deleted_by_hand_is_started_again(struck: dict[str, Failing]) -> None:
    _ended_well(struck["deleted"], "PodDeleted")


def test_kubernetes_job_deleted_by_hand_is_made_again(struck: dict[str, Failing]) -> None:
    job = struck["job-deleted"]
    assert job.end()["phase"] == "Succeeded"
    assert all(not counts for _, counts in job.attempts())


def test_pod_without_its_gpu_is_started_again(place: Lab, struck: dict[str, Failing]) -> None:
    """The device manager has none to give: UnexpectedAdmissionError."""
    assert struck
    job = _refused(place, "no-gpu", GPU, {"count": 1})
    _ended_well(job, "GpuNotAllocated")
    assert "Allocate failed" in _why(job)


def test_pod_without_its_slice_of_a_gpu_is_started_again(
    place: Lab, struck: dict[str, Failing]
) -> None:
    """The kubelet counts by itself what no plugin of the node offers: OutOfnvidia.com/mig-..."""
    assert struck
    with _slices(place.site, "1"):
        job = _refused(place, "no-slice", SLICE, {"count": 1, "migProfile": PROFILE})
        _ended_well(job, "GpuNotAllocated")
    assert "enough resource" in _why(job)


def _refused(place: Lab, name: str, resource: str, gpu: Manifest) -> Failing:
    """Return a job whose pod was bound to its node while that had none of the resource left."""
    with _filling(place.site, f"e2e-fills-{name}", resource, priority=None):
        job = place.begin(name, WORK, model={"resources": needs(0) | {"gpu": gpu}})
        waits = job.pod()["metadata"]["name"]
        assert job.until("word of it", lambda: "Unschedulable" in json.dumps(job.status))
        _bind(place.site, waits)
        job.until("refusal", job.attempts)
    return job


def _why(job: Failing) -> str:
    """Return what the first failed attempt says."""
    return str(job.status["failedAttempts"][0]["message"])


@contextmanager
def _slices(site: Site, count: str) -> Iterator[None]:
    """Have a node offer parts of a GPU that no device plugin stands behind."""
    node = site.api.list(NODE, None)[0]["metadata"]["name"]
    path = f"/status/capacity/{SLICE.replace('/', '~1')}"
    patch = ("patch", "node", node, "--subresource=status", "--type=json", "-p")
    site.kubectl(*patch, json.dumps([{"op": "add", "path": path, "value": count}]))
    try:
        _until_it_offers(site, SLICE)
        yield
    finally:
        site.kubectl(*patch, json.dumps([{"op": "remove", "path": path}]))


def _until_it_offers(site: Site, resource: str) -> None:
    end = time.monotonic() + 60
    while resource not in site.api.list(NODE, None)[0]["status"]["allocatable"]:
        assert time.monotonic() < end, f"the node does not offer {resource}"
        time.sleep(0.5)


def test_pod_that_gives_way_to_a_higher_priority_is_started_again(place: Lab) -> None:
    job = place.begin("preempted", f"sleep 5; {WORK}", model={"resources": needs(1)})
    job.pod(infers)
    with _filling(place.site, "e2e-preemptor", GPU, priority="e2e-first"):
        job.until("pre-emption", job.attempts)
    _ended_well(job, "Preempted")


def test_job_whose_pod_a_quota_forbids_says_so_and_runs_once_it_may(place: Lab) -> None:
    with _quota(place.site, "requests.nvidia.com/gpu"):
        job = place.begin("forbidden", WORK, model={"resources": needs(1)})
        job.until("word of the quota", lambda: "PodForbidden" in json.dumps(job.status))
    assert "exceeded quota: e2e-quota" in json.dumps(job.status)
    _ended_well(job)


@contextmanager
def _quota(site: Site, resource: str) -> Iterator[None]:
    """Allow the namespace nothing of a resource."""
    metadata = {"name": "e2e-quota", "namespace": NAMESPACE}
    site.api.apply(QUOTAS, {"metadata": metadata, "spec": {"hard": {resource: "0"}}}, manager="e2e")
    try:
        end = time.monotonic() + 60
        while "used" not in (site.api.get(QUOTAS, NAMESPACE, "e2e-quota") or {}).get("status", {}):
            assert time.monotonic() < end, "the quota is not counted"
            time.sleep(0.3)
        yield
    finally:
        site.api.delete(QUOTAS, NAMESPACE, "e2e-quota")


def test_pod_that_overruns_its_storage_used_its_own_retry(struck: dict[str, Failing]) -> None:
    """An eviction that the model brought on itself, told apart from one of the node's."""
    assert struck["storage"].end()["phase"] == "Failed"
    assert struck["storage"].attempts() == [("OutOfStorage", True)]


def test_job_of_a_lost_node_is_started_elsewhere(struck: dict[str, Failing]) -> None:
    _ended_well(struck["node-lost"], "NodeLost")


def test_pod_that_a_node_under_pressure_evicts_is_started_again(struck: dict[str, Failing]) -> None:
    if pressure.NAME not in struck:
        pytest.skip("the kubelet is out of reach on this cluster")
    _ended_well(struck[pressure.NAME], "Evicted")
    assert "low on resource: pids" in _why(struck[pressure.NAME])


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
def _filling(site: Site, name: str, resource: str, *, priority: str | None) -> Iterator[None]:
    """Hold all of a node's resource by a pod that is not a job's."""
    allocatable = site.api.list(NODE, None)[0]["status"]["allocatable"]
    held = {"limits": {resource: str(allocatable[resource])}}
    spec = plain_pod(site.models["threshold"], ["sleep", "300"], resources=held)
    if priority:
        body = {"metadata": {"name": priority}, "value": 100_000_000}
        site.api.apply(pressure.PRIORITY, body, manager="e2e")
        spec["priorityClassName"] = priority
    metadata = {"name": name, "namespace": NAMESPACE}
    site.api.apply(POD, {"metadata": metadata, "spec": spec}, manager="e2e")
    try:
        _until_it_runs(site, name)
        yield
    finally:
        site.kubectl("delete", "pod", name, "--grace-period=1")
        if priority:
            site.api.delete(pressure.PRIORITY, None, priority)


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

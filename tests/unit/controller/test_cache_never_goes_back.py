from collections.abc import Callable
from typing import Any

import pytest
from tests.support.make import inferencejob
from tests.support.workload import JOB_UID, kubernetes_job, node, pod

from meninx.controller.cache import Cache, Changed
from meninx.controller.strip import stripped
from meninx.kube.kinds import INFERENCEJOB, JOB, NODE, POD, Kind

Manifest = dict[str, Any]


def at(version: int, manifest: Manifest | None = None, *, uid: str = "u", **meta: Any) -> Manifest:
    made = manifest or inferencejob("a")
    facts = {"uid": uid, "resourceVersion": str(version), **meta}
    return {**made, "metadata": {**made["metadata"], **facts}}


def version(cache: Cache, kind: Kind = INFERENCEJOB, name: str = "a") -> int | None:
    return cache.versions(kind).get(name)


class Told:
    """What a listener heard: name, gone, ours."""

    def __init__(self, cache: Cache) -> None:
        self.heard: list[tuple[str, bool, bool]] = []
        cache.listen(self._hear)

    def _hear(self, changed: Changed) -> None:
        self.heard.append((changed.manifest["metadata"]["name"], changed.gone, changed.ours))


NEW, ECHO = ("a", False, False), ("a", False, True)


@pytest.mark.parametrize(
    ("steps", "left", "heard"),
    [
        ([("w", 5)], 5, [NEW]),
        ([("w", 5), ("w", 5)], 5, [NEW]),
        ([("w", 5), ("w", 4)], 5, [NEW]),
        ([("s", 5), ("w", 5)], 5, [ECHO]),
        ([("s", 5), ("w", 4), ("w", 6)], 6, [ECHO, NEW]),
        ([("s", 9), ("w", 10)], 10, [ECHO, NEW]),
        ([("w", 5), ("d", 6)], None, [NEW, ("a", True, False)]),
        ([("w", 5), ("d", 6), ("s", 5)], None, [NEW, ("a", True, False)]),
        ([("w", 5), ("d", 6), ("w", 5)], None, [NEW, ("a", True, False)]),
        ([("w", 5), ("g", 0), ("w", 6)], None, [NEW, ("a", True, True)]),
        ([("w", 5), ("g", 0), ("d", 7)], None, [NEW, ("a", True, True), ("a", True, False)]),
        ([("w", 5), ("g", 0), ("held", 7)], 7, [NEW, ("a", True, True), NEW]),
        ([("w", 5), ("l", 6)], None, [NEW, ("a", True, False)]),
        ([("w", 5), ("s", 8), ("l", 6)], 8, [NEW, ECHO]),
        ([("w", 5), ("l+", 6)], 5, [NEW]),
    ],
    ids=[
        "first", "same-again", "older", "own-write-then-echo", "own-write-hides-older",
        "versions-are-numbers", "deleted", "late-answer-after-deletion", "late-event-after-deletion",
        "own-deletion", "own-deletion-confirmed", "own-deletion-held-by-finalizer", "vanished",
        "newer-than-the-list", "still-listed",
    ],
)  # fmt: skip
def test_news_is_taken_only_where_it_is_newer(
    steps: list[tuple[str, int]], left: int | None, heard: list[tuple[str, bool, bool]]
) -> None:
    cache = Cache()
    told = Told(cache)
    does: dict[str, Callable[[int], None]] = {
        "w": lambda v: cache.changed(INFERENCEJOB, "MODIFIED", at(v)),
        "held": lambda v: cache.changed(INFERENCEJOB, "MODIFIED", at(v, deletionTimestamp="t")),
        "s": lambda v: cache.saw(INFERENCEJOB, at(v)),
        "d": lambda v: cache.changed(INFERENCEJOB, "DELETED", at(v)),
        "g": lambda _: cache.gone(INFERENCEJOB, "a", "u"),
        "l": lambda v: cache.listed(INFERENCEJOB, set(), str(v)),
        "l+": lambda v: cache.listed(INFERENCEJOB, {"a"}, str(v)),
    }
    for verb, number in steps:
        does[verb](number)
    assert version(cache) == left
    assert told.heard == heard


def test_deletion_of_an_older_one_leaves_its_successor() -> None:
    cache = Cache()
    cache.saw(INFERENCEJOB, at(9, uid="second"))
    cache.changed(INFERENCEJOB, "DELETED", at(7, uid="first"))
    cache.gone(INFERENCEJOB, "a", "first")
    assert version(cache) == 9


def test_objects_come_out_as_they_went_in_and_fresh() -> None:
    cache, made = Cache(), at(3)
    cache.changed(INFERENCEJOB, "ADDED", made)
    first = cache.get(INFERENCEJOB, "a")
    assert first == made
    assert first is not None
    first["spec"].clear()
    assert cache.get(INFERENCEJOB, "a") == made
    assert list(cache.all(INFERENCEJOB)) == [made]
    assert cache.get(INFERENCEJOB, "b") is None


@pytest.mark.parametrize(
    ("spec", "phase", "model_has", "pipeline_has"),
    [
        ({}, None, True, False),
        ({}, "Running", True, False),
        ({}, "Succeeded", False, False),
        ({"modelRef": None, "pipelineRef": {"name": "chain"}}, "Queued", False, True),
    ],
    ids=["new", "runs", "ended", "pipeline"],
)
def test_jobs_are_found_by_their_work_until_they_end(
    spec: Manifest, phase: str | None, model_has: bool, pipeline_has: bool
) -> None:
    cache = Cache()
    made = inferencejob("a", status={"phase": phase} if phase else {})
    made["spec"] |= spec
    cache.changed(INFERENCEJOB, "ADDED", at(1, made))
    assert (cache.jobs_of("unet-meningioma") == ("a",)) is model_has
    assert (cache.jobs_of("chain") == ("a",)) is pipeline_has
    assert (cache.living() == ("a",)) is (model_has or pipeline_has)
    cache.changed(INFERENCEJOB, "DELETED", at(2, made))
    assert cache.living() == ()


def _pod(name: str, owner: str) -> Manifest:
    made = {**pod(name=name), "kind": "Pod"}
    made["metadata"] |= {"ownerReferences": [{"kind": "Job", "uid": owner}]}
    return made


def test_pods_are_found_by_the_job_that_owns_them() -> None:
    cache = Cache()
    job = {"kind": "Job", "metadata": {"name": "j", "uid": "job-1", "resourceVersion": "1"}}
    cache.changed(JOB, "ADDED", job)
    cache.changed(POD, "ADDED", at(2, _pod("p2", "job-1"), uid="p2"))
    cache.changed(POD, "ADDED", at(3, _pod("p1", "job-1"), uid="p1"))
    cache.changed(POD, "ADDED", at(4, _pod("other", "job-2"), uid="p3"))
    assert [item["metadata"]["name"] for item in cache.pods_of("j")] == ["p1", "p2"]
    cache.changed(POD, "DELETED", at(5, _pod("p1", "job-1"), uid="p1"))
    assert sorted(cache.versions(POD)) == ["other", "p2"]
    assert cache.pods_of("absent") == ()


def test_cache_is_synced_when_each_kind_was_listed() -> None:
    cache = Cache()
    cache.listed(JOB, set(), "1")
    assert cache.synced([JOB])
    assert not cache.synced([JOB, POD])


def test_what_no_decision_reads_is_not_kept() -> None:
    made = {**pod(), "kind": "Pod"}
    made["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    made["spec"]["volumes"] = [{"name": "work"}]
    made["spec"]["containers"][0] |= {"env": [{"name": "A", "value": "b"}], "resources": {"x": 1}}
    kept = stripped(made)
    assert "managedFields" not in kept["metadata"]
    assert "volumes" not in kept["spec"]
    (container,) = kept["spec"]["containers"]
    assert container == {"name": "deliver", "image": "meninx", "resources": {"x": 1}}
    assert kept["status"] == made["status"]
    assert made["spec"]["volumes"]


def test_heartbeats_of_a_node_are_not_kept() -> None:
    made = {**node(), "kind": NODE.kind}
    ready = {"type": "Ready", "status": "True"}
    made["status"] |= {
        "images": [{"names": ["x"]}],
        "conditions": [{**ready, "lastHeartbeatTime": "2026-01-05T09:00:00Z"}],
    }
    kept = stripped(made)["status"]
    assert kept == {"allocatable": made["status"]["allocatable"], "conditions": [ready]}


def test_gone_pod_is_shown_while_its_job_is_there() -> None:
    cache = Cache()
    job = at(1, kubernetes_job(), uid=JOB_UID)
    name = job["metadata"]["name"]
    cache.changed(JOB, "ADDED", job)
    cache.changed(POD, "ADDED", at(2, pod(), uid="p"))
    cache.changed(POD, "DELETED", at(4, pod(reason="NodeLost"), uid="p"))
    assert [shown["status"]["reason"] for shown in cache.pods_of(name)] == ["NodeLost"]
    assert list(cache.all(POD)) == []
    cache.changed(JOB, "DELETED", at(5, job, uid=JOB_UID))
    cache.changed(JOB, "ADDED", at(6, job, uid="made-anew"))
    assert cache.pods_of(name) == ()

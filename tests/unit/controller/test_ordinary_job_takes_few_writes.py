"""Ten thousand jobs share one API server: what one of them costs is counted here."""

from collections import Counter

import pytest
from tests.support.make import NAMESPACE, inferencejob
from tests.support.operator_in_memory import Operator
from tests.support.small_cluster import SmallCluster

from meninx.kube.kinds import INFERENCEJOB, NODE
from meninx.resources.names import FIELD_MANAGER_OPERATOR

JOB = "job-1"


def _look(cluster: SmallCluster, operator: Operator, seconds: float) -> None:
    """Let time pass; the operator looks as events come, and each half second for good measure."""
    left = seconds
    while left > 0:
        operator.see()
        operator.work()
        cluster.clock.advance(min(left, 0.5))
        left -= 0.5


def _live(cluster: SmallCluster, operator: Operator, seconds: float) -> None:
    """Let one job live its ordinary life; each of its stages lasts so long."""
    cluster.kube.add(inferencejob(JOB))
    _look(cluster, operator, 1)
    cluster.control()
    for _ in range(4):
        _look(cluster, operator, seconds)
        for pod in cluster.working_pods():
            cluster.move(pod)
    cluster.control()
    _look(cluster, operator, 0.2)
    cluster.deliver()
    _look(cluster, operator, 1)


def _written(cluster: SmallCluster) -> Counter[str]:
    """Count what the operator sent for jobs: by kind, a status and events apart."""
    kinds = {"Secret", "Job", "InferenceJob"}
    return Counter(
        call.verb if call.verb == "event" else call.subresource or call.kind
        for call in cluster.kube.calls
        if call.kind in kinds
        and (
            call.verb == "event" or call.manager == FIELD_MANAGER_OPERATOR or call.verb == "delete"
        )
    )


@pytest.mark.parametrize(
    ("seconds", "statuses"), [(0.4, 1), (3, 5)], ids=["in-seconds", "stage-by-stage"]
)
def test_ordinary_job_is_told_in_few_writes(seconds: float, statuses: int) -> None:
    cluster = SmallCluster()
    operator = Operator(cluster)
    _live(cluster, operator, seconds)
    (job,) = cluster.all(INFERENCEJOB)
    assert job["status"]["phase"] == "Succeeded"
    written = _written(cluster)
    assert (written["Secret"], written["Job"]) == (1, 1)
    assert written["status"] <= statuses
    assert written["event"] <= 3


def test_short_job_still_tells_all_that_happened() -> None:
    cluster = SmallCluster()
    _live(cluster, Operator(cluster), 0.4)
    (job,) = cluster.all(INFERENCEJOB)
    status = job["status"]
    assert [step["state"] for step in status["steps"]] == ["Succeeded"] * 3
    assert {"waiting", "starting", "fetching", "inferring", "storing", "total"} <= status[
        "timings"
    ].keys()
    assert status["attempts"] == 1


def test_long_line_is_told_once_while_it_moves() -> None:
    cluster = SmallCluster()
    cluster.kube.delete(NODE, None, "node-1")
    operator = Operator(cluster)
    for number in range(40):
        cluster.kube.add(inferencejob(f"job-{number:02}"))
    for _ in range(10):
        _look(cluster, operator, 2.5)
        cluster.kube.delete(INFERENCEJOB, NAMESPACE, f"job-{_:02}")
    assert _written(cluster)["status"] <= 40


def test_settled_jobs_are_not_written_to_again() -> None:
    cluster = SmallCluster()
    operator = Operator(cluster)
    _live(cluster, operator, 3)
    cluster.kube.calls.clear()
    for _ in range(5):
        _look(cluster, operator, 60)
    assert not _written(cluster)

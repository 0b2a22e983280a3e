import json

import pytest
from tests.support.make import inferencejob

from meninx.base.errors import NotFound, Unavailable
from meninx.controller.job.observed import KUEUE_LABEL
from meninx.controller.kueue import AGAIN_SECONDS, Kueue
from meninx.controller.queue.kueue import handed_over


class _Server:
    """Answers with what it is told to, and counts."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked: list[str] = []
        self.served = ["v1beta2", "v1beta1"]
        self.now = 0.0

    def text(self, path: str, subject: str) -> str:
        self.asked.append(path)
        if self.error is not None:
            raise self.error
        return json.dumps({"versions": [{"version": version} for version in self.served]})


def test_group_is_asked_for_once_in_a_while() -> None:
    server = _Server()
    kueue = Kueue(server, time=lambda: server.now)
    assert kueue.installed()
    assert kueue.installed()
    assert server.asked == ["/apis/kueue.x-k8s.io"]
    server.error = NotFound("gone")
    server.now += AGAIN_SECONDS
    assert not kueue.installed()


@pytest.mark.parametrize(
    ("served", "version"),
    [
        (["v1beta1"], "v1beta1"),
        (["v1beta1", "v1beta2"], "v1beta2"),
        (["v9"], None),
    ],
    ids=["older", "both", "unknown"],
)
def test_workloads_are_read_in_the_newest_version_that_is_known(
    served: list[str], version: str | None
) -> None:
    server = _Server()
    server.served = served
    kueue = Kueue(server, time=lambda: server.now)
    assert kueue.installed()
    kind = kueue.workloads()
    assert (kind.version if kind else None) == version


def test_last_answer_holds_while_the_server_is_away() -> None:
    server = _Server()
    kueue = Kueue(server, time=lambda: server.now)
    assert kueue.installed()
    server.error = Unavailable("away")
    server.now += AGAIN_SECONDS
    assert kueue.installed()


def test_job_for_kueue_is_made_suspended_with_its_label() -> None:
    made = {"metadata": {"name": "a", "labels": {"x": "y"}}, "spec": {"completions": 1}}
    given = handed_over(made, "gpus")
    assert given["metadata"]["labels"] == {"x": "y", KUEUE_LABEL: "gpus"}
    assert given["spec"] == {"completions": 1, "suspend": True}


def test_other_jobs_never_name_suspend_when_made() -> None:
    made = inferencejob()
    assert handed_over(made, None) == made

from typing import Any

import pytest
from tests.support.make import condition

from meninx.controller.kueue import Workloads
from meninx.controller.queue.kueue import SILENCE, Word, job_of, word
from meninx.kube.kinds import Kind
from meninx.resources import names
from meninx.resources.reasons import Reason

WORKLOAD = Kind("kueue.x-k8s.io", "v1beta2", "workloads", "Workload")


def _workload(
    *said: dict[str, Any], name: str = "job-one-1", uid: str = "u1", job: str = "one"
) -> dict[str, Any]:
    marks = {"annotations": {names.LABEL_JOB: job}} if job else {}
    return {
        "metadata": {"name": name, "ownerReferences": [{"kind": "Job", "name": "j", "uid": uid}]},
        "spec": {"podSets": [{"name": "main", "template": {"metadata": marks}}]},
        "status": {"conditions": list(said)},
    }


def _said(type_: str, status: str, message: str) -> dict[str, Any]:
    return condition(type_, status) | {"message": message}


NO_QUOTA = _said("QuotaReserved", "False", "insufficient unused quota\n for nvidia.com/gpu.")
EVICTED = _said("Evicted", "True", "Preempted to accommodate a workload")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), SILENCE),
        (
            (NO_QUOTA,),
            Word(
                Reason.WAITING_FOR_KUEUE,
                "Kueue says: insufficient unused quota for nvidia.com/gpu.",
            ),
        ),
        (
            (NO_QUOTA, EVICTED),
            Word(Reason.EVICTED_BY_KUEUE, "Kueue says: Preempted to accommodate a workload."),
        ),
        (
            (_said("QuotaReserved", "True", "x"), _said("Admitted", "False", "check pending")),
            Word(Reason.WAITING_FOR_KUEUE, "Kueue says: check pending."),
        ),
        ((_said("QuotaReserved", "True", "x"), _said("Admitted", "True", "y")), SILENCE),
        ((_said("QuotaReserved", "False", ""),), SILENCE),
    ],
    ids=["nothing-yet", "no-quota", "evicted", "check-pending", "admitted", "no-message"],
)
def test_workload_says_why_it_has_no_turn(said: tuple[dict[str, Any], ...], expected: Word) -> None:
    assert word(_workload(*said)) == expected


def test_long_message_is_cut_short() -> None:
    assert len(word(_workload(_said("QuotaReserved", "False", "x" * 9000))).detail) < 600


def test_workload_names_its_jobs_by_uid_and_full_name() -> None:
    assert job_of(_workload(job="a-long-name")) == ("u1", "a-long-name")
    assert job_of(_workload(job="")) == ("u1", "")


def test_news_of_a_workload_asks_for_a_look_at_its_job_once() -> None:
    heard: list[str] = []
    workloads = Workloads(heard.append)
    workloads.changed(WORKLOAD, "ADDED", _workload())
    workloads.changed(WORKLOAD, "MODIFIED", _workload(NO_QUOTA))
    workloads.changed(WORKLOAD, "MODIFIED", _workload(NO_QUOTA))
    workloads.changed(WORKLOAD, "ADDED", _workload(NO_QUOTA, name="another's", job=""))
    assert heard == ["one", "one"]
    assert workloads.word("u1") == word(_workload(NO_QUOTA))


def test_word_on_a_job_goes_with_its_workload() -> None:
    workloads = Workloads(lambda _: None)
    for number in (1, 2, 3):
        workloads.changed(
            WORKLOAD, "ADDED", _workload(NO_QUOTA, name=f"w{number}", uid=f"u{number}")
        )
    workloads.changed(WORKLOAD, "DELETED", _workload(NO_QUOTA, name="w1", uid="u1"))
    workloads.listed(WORKLOAD, {"w3"}, "7")
    said = [workloads.word(f"u{number}") == SILENCE for number in (1, 2, 3)]
    assert said == [True, True, False]
    workloads.clear()
    assert workloads.word("u3") == SILENCE

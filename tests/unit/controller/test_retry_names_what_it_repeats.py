import pytest
from tests.support.make import inferencejob

from meninx.controller.job.retry import new_attempt_of
from meninx.resources import names
from meninx.resources.inferencejob import InferenceJob

LABELS = {"meninx.io/study": "s0", "meninx.io/route": "meningioma", "team": "x"}


def test_new_job_does_the_same_and_names_the_old_one() -> None:
    old = inferencejob("scan", metadata={"labels": LABELS}, priority="Stat", retries=1)
    new = new_attempt_of(old)
    assert new["spec"] == {**old["spec"], "retryOf": {"name": "scan"}}
    assert new["metadata"]["labels"] == {k: v for k, v in LABELS.items() if k != "team"}
    InferenceJob.model_validate(new)


def test_new_job_is_neither_held_back_nor_cancelled() -> None:
    new = new_attempt_of(inferencejob("scan", suspend=True, cancel=True))
    assert not {"suspend", "cancel"} & new["spec"].keys()


def test_status_and_uid_of_the_old_job_stay_with_it() -> None:
    old = inferencejob("scan", status={"phase": "Failed"}, metadata={"uid": "u"})
    new = new_attempt_of(old)
    assert "status" not in new
    assert set(new["metadata"]) == {"name", "namespace"}


@pytest.mark.parametrize(
    ("name", "repeats", "wanted"),
    [
        ("scan", False, "scan-r2"),
        ("scan-r2", True, "scan-r3"),
        ("scan-r9", True, "scan-r10"),
        ("room-r2", False, "room-r2-r2"),
    ],
    ids=["first", "second", "tenth", "a-name-that-only-looks-so"],
)
def test_repetitions_are_numbered_in_the_name(name: str, repeats: bool, wanted: str) -> None:
    spec = {"retryOf": {"name": "before"}} if repeats else {}
    assert new_attempt_of(inferencejob(name, **spec))["metadata"]["name"] == wanted


def test_long_names_stay_apart_and_within_the_limit() -> None:
    first, second = (names.retry("n" * 250 + last, 2) for last in ("a", "b"))
    assert first != second
    assert max(len(first), len(second)) <= 253

import json
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.make import trainingjob
from tests.support.trainings import line, message, quality, train_pod

from meninx.base.errors import Unavailable
from meninx.controller.job.failure import explain_pod
from meninx.controller.training.result import NoResult, progress_of, result_of
from meninx.controller.training.watch import ProgressWatch
from meninx.resources.trainingjob import TrainingJob, TrainingResult

RUNNING = (train_pod("running"),)


class Log:
    """A log that is asked, counted."""

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, 0

    def __call__(self, pod: str) -> str:
        self.asked += 1
        return self.text


def test_last_line_that_tells_of_an_epoch_counts() -> None:
    said = progress_of("\n".join(["loading", line(1), line(2), '{"note": "saved"}', "{broken"]))
    assert said is not None
    assert (said["epoch"], said["bestDice"], said["etaSeconds"]) == (2, 0.62, 120)


@pytest.mark.parametrize(
    "text", ["", "words", "[1]", '{"epoch": "x", "epochs": 2}', '{"epoch": 1}']
)
def test_log_without_progress_tells_none(text: str) -> None:
    assert progress_of(text) is None


def test_figures_that_are_no_numbers_are_left_out() -> None:
    assert progress_of('{"epoch": 1, "epochs": 2, "loss": NaN}') == {"epoch": 1, "epochs": 2}


def test_log_is_asked_at_a_modest_interval() -> None:
    clock, log = FakeClock(), Log(line(1))
    watch = ProgressWatch(clock, log)
    for _ in range(5):
        assert (watch.progress("a", RUNNING) or {})["epoch"] == 1
    assert log.asked == 1
    clock.advance(10)
    log.text = line(4)
    assert (watch.progress("a", RUNNING) or {})["epoch"] == 4
    assert log.asked == 2


def test_log_is_asked_once_more_when_the_pod_has_ended() -> None:
    log = Log(line(1))
    watch = ProgressWatch(FakeClock(), log)
    watch.progress("a", RUNNING)
    log.text = line(20)
    for _ in range(3):
        assert (watch.progress("a", (train_pod("ended"),)) or {})["epoch"] == 20
    assert log.asked == 2


def test_log_that_is_away_leaves_what_was_known() -> None:
    clock, log = FakeClock(), Log(line(3))
    watch = ProgressWatch(clock, log)
    watch.progress("a", RUNNING)

    def away(_: str) -> str:
        raise Unavailable("the kubelet does not answer")

    watch.tail = away
    clock.advance(60)
    assert (watch.progress("a", RUNNING) or {})["epoch"] == 3


def test_pod_that_waits_is_not_asked() -> None:
    log = Log(line(1))
    assert ProgressWatch(FakeClock(), log).progress("a", (train_pod("waiting"),)) is None
    assert log.asked == 0


def _result(said: str) -> TrainingResult | NoResult:
    job = TrainingJob.model_validate(trainingjob())
    return result_of(job, (train_pod("ended", said=said),))


def test_result_has_the_address_of_the_weights() -> None:
    made = _result(message(weights="weights/best model.onnx"))
    assert isinstance(made, TrainingResult)
    assert made.weights == "pvc://trained/second/weights/best%20model.onnx"
    assert made.quality.measured_by == "second"


WRONG: dict[str, Any] = {
    "no JSON": "done",
    "no weights": message(weights=None),
    "weights elsewhere": message(weights="../other/model.onnx"),
    "weights by root": message(weights="/model.onnx"),
    "no digest": message(sha256="short"),
    "no test set": message(quality={"dice": 0.8}),
    "an impossible figure": message(quality=quality(1.2)),
    "no figures": message(quality=[]),
}


@pytest.mark.parametrize("case", WRONG)
def test_result_that_breaks_the_contract_is_none(case: str) -> None:
    made = _result(WRONG[case])
    assert isinstance(made, NoResult)
    assert made.seen


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_what_a_training_says_without_thinking_is_not_passed_on() -> None:
    failure = explain_pod(train_pod("ended 1", said="FileNotFoundError: images/TEST^ONE.nii.gz"))
    assert failure is not None
    assert failure.reason == "TrainingFailed"
    assert "TEST" not in failure.message


@pytest.mark.rule("said-plainly")
def test_failure_is_told_in_the_words_of_the_training() -> None:
    said = json.dumps({"failure": {"reason": "DataNotUsable", "message": "2 subjects, 4 needed"}})
    failure = explain_pod(train_pod("ended 65", said=said))
    assert failure is not None
    assert (failure.reason, failure.again) == ("DataNotUsable", "never")
    assert "It said: '2 subjects, 4 needed'." in failure.message

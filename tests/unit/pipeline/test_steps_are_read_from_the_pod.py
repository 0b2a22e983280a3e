import json
from typing import Any

from tests.support.workload import ended, running, waiting
from tests.support.workload import pod as plain_pod

from meninx.controller.job.steps import Step, read_steps

CONTAINERS = ("fetch", "head", "weights-lesion", "gate-lesion", "lesion", "deliver")


def steps_of(*states: dict[str, Any]) -> dict[str, Step]:
    """Return the steps of a pipeline's pod by name."""
    made = plain_pod(*states)
    shown = [{"name": name, "image": "x"} for name in CONTAINERS]
    made["spec"] |= {"initContainers": shown[:-1], "containers": shown[-1:]}
    return {step.name: step for step in read_steps(made)}


def test_steps_stand_in_the_order_of_the_pod() -> None:
    assert list(steps_of()) == ["fetch", "head", "lesion", "deliver"]


def test_step_waits_while_its_gate_runs() -> None:
    lesion = steps_of(ended("head"), ended("weights-lesion"), running("gate-lesion"))["lesion"]
    assert (lesion.container, lesion.state, lesion.ours) == ("gate-lesion", "running", True)


def test_step_fails_with_what_comes_before_it() -> None:
    said = json.dumps({"reason": "WeightsMismatch", "message": "other weights"})
    lesion = steps_of(ended("weights-lesion", 65, message=said), waiting("lesion"))["lesion"]
    assert lesion.failed
    assert (lesion.exit_code, lesion.container) == (65, "weights-lesion")
    assert lesion.said()["reason"] == "WeightsMismatch"


def test_skipped_step_ends_well_and_says_so() -> None:
    gate = ended("gate-lesion", message=json.dumps({"summary": "no", "skipped": True}))
    lesion = steps_of(ended("weights-lesion"), gate, ended("lesion"))["lesion"]
    assert (lesion.skipped, lesion.succeeded, lesion.ours) == (True, True, False)


def test_model_can_not_say_that_it_was_skipped() -> None:
    own = ended("lesion", message=json.dumps({"skipped": True}))
    lesion = steps_of(ended("weights-lesion"), ended("gate-lesion"), own)["lesion"]
    assert not lesion.skipped


def test_pod_that_shows_nothing_has_the_steps_of_a_model() -> None:
    assert [step.name for step in read_steps({})] == ["fetch", "model", "deliver"]


def test_names_that_only_look_like_ours_are_steps() -> None:
    shown = [{"name": name} for name in ("fetch", "gatekeeper", "weightsum", "deliver")]
    pod = {"spec": {"initContainers": shown[:3], "containers": shown[3:]}}
    assert [step.name for step in read_steps(pod)] == [item["name"] for item in shown]

from typing import Any

import pytest
from tests.support import make

from meninx.resources.aimodel import AIModelSpec
from meninx.routing.catalogue import entry_of

from .conftest import Hospital

ODD = {"attribute": "SeriesDescripton", "exists": True}
BAD = {"attribute": "ProtocolName", "matches": "t1("}
MODELS = {"unet-meningioma": AIModelSpec.model_validate(make.aimodel()["spec"])}
WRONG_MODEL = {
    "unet-meningioma": AIModelSpec.model_validate(
        make.aimodel(channels=[make.channel(prefer=[{"when": ODD, "score": 1}])])["spec"]
    )
}

ROUTES: dict[str, tuple[dict[str, Any], dict[str, AIModelSpec], str]] = {
    "right": ({}, MODELS, "Valid"),
    "misspelt attribute": ({"match": {"none": [ODD]}}, MODELS, "UnknownAttribute"),
    "bad expression": ({"match": {"any": [BAD]}}, MODELS, "BadExpression"),
    "bad expression in a selector": (
        {"channels": [{"name": "t1c", "selector": {"require": {"all": [BAD]}}}]},
        MODELS,
        "BadExpression",
    ),
    "wrong model": ({}, WRONG_MODEL, "UnknownAttribute"),
    "wrong model, replaced": (
        {"channels": [{"name": "t1c", "selector": {}}]},
        WRONG_MODEL,
        "Valid",
    ),
    "no such channel": ({"channels": [{"name": "flair", "selector": {}}]}, MODELS, "BadSpec"),
    "no model": ({"modelRef": {"name": "nope"}}, MODELS, "ModelNotFound"),
    "unknown field": ({"matches": {}}, MODELS, "BadSpec"),
}


@pytest.mark.parametrize(("spec", "models", "reason"), ROUTES.values(), ids=ROUTES.keys())
def test_valid_condition_names_what_is_wrong(
    spec: dict[str, Any], models: dict[str, AIModelSpec], reason: str
) -> None:
    condition = entry_of(make.studyroute(**spec), models).condition
    assert str(condition.reason) == reason
    assert condition.status == ("True" if reason == "Valid" else "False")
    assert condition.message


def test_problem_in_a_selector_says_where_it_is() -> None:
    message = entry_of(make.studyroute(), WRONG_MODEL).condition.message
    assert message.startswith("AIModel unet-meningioma, channel t1c: SeriesDescripton")


def test_condition_is_written_once_and_again_when_the_route_changes(hospital: Hospital) -> None:
    for _ in range(3):
        hospital.settle()
    writes = [call for call in hospital.kube.calls if call.verb == "apply"]
    assert len(writes) == 1
    hospital.kube.add(make.studyroute(suspend=True))
    hospital.settle()
    assert hospital.status()["observedGeneration"] == 2


def test_repaired_route_becomes_valid(hospital: Hospital) -> None:
    hospital.kube.add(make.studyroute(match={"all": [BAD]}))
    hospital.settle()
    hospital.kube.add(make.studyroute())
    hospital.settle()
    valid = make.conditions_of({"status": hospital.status()})["Valid"]
    assert (valid["status"], valid["lastTransitionTime"]) == ("True", "2026-01-05T09:00:10Z")


def test_longest_quiet_time_of_the_routes_in_use_counts(hospital: Hospital) -> None:
    slow = {"completeness": {"quietSeconds": 30}}
    hospital.kube.add(make.studyroute("slow", **slow))
    hospital.kube.add(make.studyroute("slower", completeness={"quietSeconds": 90}, suspend=True))
    hospital.loop.turn()
    known = hospital.loop._catalogue
    assert known is not None
    assert known.quiet_seconds(60) == 30


def test_route_read_while_the_studies_wait_is_the_present_one(hospital: Hospital) -> None:
    hospital.loop.turn()
    hospital.kube.add(make.studyroute("other"))
    hospital.clock.advance(1)
    hospital.loop.turn()
    hospital.settle()
    assert "observedGeneration" in hospital.status("other")

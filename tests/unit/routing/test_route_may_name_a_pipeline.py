from typing import Any

import pytest
from tests.support import make
from tests.support.headers import series

from meninx.imaging.study import Study
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.aipipeline import AIPipelineSpec
from meninx.resources.studyroute import StudyRouteSpec
from meninx.routing.catalogue import entry_of, read_catalogue
from meninx.routing.decide import Decision, Route, decide
from meninx.routing.work import Works, pipeline_key, pipeline_work

from .conftest import Hospital

NAME = "head-then-meningioma"
OF_PIPELINE: dict[str, Any] = {"modelRef": None, "pipelineRef": {"name": NAME}}


def works(version: str = "1.0.0", **pipeline: Any) -> Works:
    """Return two models, one of this version, and their pipeline."""
    manifests = (make.aimodel("example-headmask", version=version), make.aimodel())
    models = {m["metadata"]["name"]: AIModelSpec.model_validate(m["spec"]) for m in manifests}
    spec = AIPipelineSpec.model_validate(make.aipipeline(NAME, **pipeline)["spec"])
    work = pipeline_work(spec, models)
    assert work is not None
    return {**models, pipeline_key(NAME): work}


def decided(known: Works, **route: Any) -> Decision:
    """Return what becomes of a study of one good series."""
    spec = StudyRouteSpec.model_validate(make.studyroute(**OF_PIPELINE, **route)["spec"])
    study = Study("s0123456789abcdef0123", 1, (series("e0"),))
    return decide(study, [Route("meningioma", spec)], known)


def test_job_of_the_route_names_the_pipeline() -> None:
    (job,) = decided(works()).jobs
    spec = job.manifest("meninx")["spec"]
    assert spec["pipelineRef"] == {"name": NAME}
    assert "modelRef" not in spec
    assert [channel["name"] for channel in spec["input"]["channels"]] == ["t1c"]


def test_channels_are_those_of_the_pipeline_where_it_has_some() -> None:
    (job,) = decided(works(channels=[make.channel("flair")])).jobs
    assert [channel.name for channel in job.spec.input.channels] == ["flair"]


def test_other_version_of_a_step_makes_another_job() -> None:
    names = {decided(works(version=version)).jobs[0].name for version in ("1.0.0", "1.0.1")}
    assert len(names) == 2


def test_absent_pipeline_refuses_until_it_is_there() -> None:
    decision = decided({})
    assert [one.reason for one in decision.refusals] == ["PipelineNotFound"]
    assert decision.waits_for_a_person


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        (OF_PIPELINE, "Valid"),
        (OF_PIPELINE | {"pipelineRef": {"name": "none"}}, "PipelineNotFound"),
        (OF_PIPELINE | {"modelRef": {"name": "unet-meningioma"}}, "BadSpec"),
        ({"modelRef": None}, "BadSpec"),
        (OF_PIPELINE | {"channels": [make.channel("adc")]}, "BadSpec"),
    ],
    ids=["right", "absent", "both", "neither", "no-such-channel"],
)
def test_route_says_whether_its_pipeline_can_be_used(route: dict[str, Any], reason: str) -> None:
    assert entry_of(make.studyroute(**route), works()).condition.reason == reason


def test_pipeline_is_read_with_the_models_of_its_steps(hospital: Hospital) -> None:
    hospital.kube.add(make.aipipeline(NAME))
    without = read_catalogue(hospital.kube, make.NAMESPACE)
    hospital.kube.add(make.aimodel("example-headmask"))
    whole = read_catalogue(hospital.kube, make.NAMESPACE)
    assert pipeline_key(NAME) not in without.works
    assert pipeline_key(NAME) in whole.works
    assert without.fingerprint != whole.fingerprint

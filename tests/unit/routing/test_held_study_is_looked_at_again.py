"""What a person mends (a route, a model, a suspension) is enough: no image has to come again."""

from typing import Any

import pytest
from tests.support import make
from tests.support.series import mr_series, mr_slice

from meninx.kube.kinds import AIMODEL, INFERENCEJOB

from .conftest import Hospital

WRONG: dict[str, dict[str, Any]] = {
    "misspelt attribute": {"match": {"all": [{"attribute": "SeriesDescripton", "exists": True}]}},
    "suspended": {"suspend": True},
    "other model": {"modelRef": {"name": "not-there"}},
}


@pytest.mark.rule("level-based")
@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG.keys())
def test_study_becomes_a_job_once_the_route_is_mended(
    hospital: Hospital, spec: dict[str, Any]
) -> None:
    hospital.kube.add(make.studyroute(**spec))
    hospital.send(mr_series(20))
    hospital.settle()
    assert not hospital.jobs()
    hospital.kube.add(make.studyroute())
    hospital.settle(10.0)
    (job,) = hospital.jobs()
    assert job["spec"]["input"]["revision"] == 1


def test_study_becomes_a_job_once_its_model_is_there(hospital: Hospital) -> None:
    hospital.kube.delete(AIMODEL, make.NAMESPACE, make.aimodel()["metadata"]["name"])
    hospital.send(mr_series(20))
    hospital.settle()
    hospital.restart()
    hospital.kube.add(make.aimodel())
    hospital.settle(10.0)
    assert len(hospital.jobs()) == 1
    assert hospital.status()["refusals"] == []


def test_study_without_a_fitting_series_is_not_looked_at_for_ever(hospital: Hospital) -> None:
    hospital.send(mr_series(20, Modality="CT"))
    hospital.settle()
    before = len(hospital.kube.calls)
    hospital.settle(1.0)
    assert len(hospital.kube.calls) == before


@pytest.mark.rule("once")
def test_removed_job_is_not_made_again_by_an_unrelated_series(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    (job,) = hospital.jobs()
    hospital.kube.delete(INFERENCEJOB, make.NAMESPACE, job["metadata"]["name"])
    hospital.restart()
    other = mr_slice(position_lps=(0.0, 0.0, 0.0), SeriesInstanceUID="2.25.4004", Modality="OT")
    hospital.send([other])
    hospital.settle()
    assert hospital.jobs() == []

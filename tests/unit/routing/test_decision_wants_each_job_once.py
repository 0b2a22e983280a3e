from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import make
from tests.support.headers import series

from meninx.imaging.match import Problem
from meninx.imaging.study import Series, Study, series_of
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.reasons import Reason
from meninx.resources.studyroute import StudyRouteSpec
from meninx.routing.decide import Decision, Route, decide

STUDY = "s0123456789abcdef0123"
GOLDEN = Path(__file__).parent / "golden"
CONTRAST = {"all": [{"attribute": "Series.Contrast", "equals": "true"}]}
MODELS = {
    "unet-meningioma": AIModelSpec.model_validate(
        make.aimodel(channels=[make.channel(require=CONTRAST)])["spec"]
    )
}


def _route(name: str = "meningioma", **spec: Any) -> Route:
    return Route(name, StudyRouteSpec.model_validate(make.studyroute(**spec)["spec"]))


def _study(*members: Series, revision: int = 1, **more: Any) -> Study:
    return Study(STUDY, revision, members, **more)


def _decide(study: Study, *routes: Route) -> Decision:
    return decide(study, routes or (_route(),), MODELS)


def test_golden_study_becomes_the_golden_job() -> None:
    golden = yaml.safe_load((GOLDEN / "study-to-job.yaml").read_text())
    route = Route("meningioma", StudyRouteSpec.model_validate(golden["route"]))
    sent = series("e0")
    sent = series_of("e0", sent.headers, also={"CallingAETitle": "SCANNER1"})
    decision = decide(_study(sent, series("e1", slices=3)), [route], MODELS)
    assert [job.manifest("meninx") for job in decision.jobs] == [golden["job"]]
    assert not decision.refusals


REFUSED: dict[str, tuple[Study, Route, str]] = {
    "missing slice": (_study(series("e0", without=9)), _route(), "MissingSlices"),
    "two patients": (
        _study(series("e0"), patients=frozenset({"p1", "p2"})),
        _route(),
        "PatientConflict",
    ),
    "two issuers": (
        _study(series("e0"), issuers=frozenset({"a", "b"})),
        _route(),
        "PatientConflict",
    ),
    "tie": (_study(series("e0"), series("e1")), _route(), "SeriesTie"),
    "no contrast": (
        _study(series("e0", ContrastBolusAgent=None, SeriesDescription="t1")),
        _route(),
        "NoSeriesMatches",
    ),
    "no model": (_study(series("e0")), _route(modelRef={"name": "nope"}), "ModelNotFound"),
}


@pytest.mark.parametrize(("study", "route", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_study_that_cannot_be_used_is_refused_without_a_job(
    study: Study, route: Route, reason: str
) -> None:
    decision = _decide(study, route)
    assert not decision.jobs
    assert [str(refused.reason) for refused in decision.refusals] == [reason]
    assert decision.refusals[0].message


SILENT: dict[str, Route] = {
    "suspended": _route(suspend=True),
    "other modality": _route(match={"all": [{"attribute": "Modality", "equals": "CT"}]}),
    "attribute absent": _route(match={"all": [{"attribute": "FlipAngle", "range": {"max": 90}}]}),
}


@pytest.mark.parametrize("route", SILENT.values(), ids=SILENT.keys())
def test_route_that_does_not_match_says_nothing(route: Route) -> None:
    decision = _decide(_study(series("e0", without=9)), route)
    assert (decision.jobs, decision.refusals) == ((), ())


def test_suspended_route_that_matches_waits_for_a_person() -> None:
    assert _decide(_study(series("e0")), SILENT["suspended"]).waits_for_a_person
    assert not _decide(_study(series("e0")), SILENT["other modality"]).waits_for_a_person


def test_wrong_route_refuses_and_the_others_go_on() -> None:
    wrong = {"all": [{"attribute": "Modality", "equals": "MR"}]}
    problem = replace(
        _route("wrong", match=wrong),
        problem=Problem(Reason.UNKNOWN_ATTRIBUTE, "Nope is no DICOM keyword"),
    )
    decision = _decide(_study(series("e0")), problem, _route())
    assert [job.route for job in decision.jobs] == ["meningioma"]
    assert [(one.route, str(one.reason)) for one in decision.refusals] == [
        ("wrong", "UnknownAttribute")
    ]


def test_one_patient_with_absent_ids_among_the_images_is_no_conflict() -> None:
    assert _decide(_study(series("e0"), patients=frozenset({"p1"}))).jobs


def test_route_replaces_the_models_own_selector() -> None:
    chosen = {
        "name": "t1c",
        "selector": {"require": {"all": [{"attribute": "Series.Contrast", "equals": "false"}]}},
    }
    plain = series("e0", ContrastBolusAgent=None, SeriesDescription="t1")
    decision = _decide(_study(plain, series("e1")), _route(channels=[chosen]))
    assert decision.jobs[0].spec.input.channels[0].series == "e0"


def test_late_series_that_no_channel_needs_changes_no_job() -> None:
    first = _decide(_study(series("e0")))
    late = series("e1", Modality="SR", slices=2, revision=2)
    second = _decide(_study(series("e0"), late, revision=2))
    assert [job.manifest("n") for job in first.jobs] == [job.manifest("n") for job in second.jobs]


def test_late_slice_makes_a_new_revision_with_a_job_of_its_own() -> None:
    first = _decide(_study(series("e0", slices=30)))
    second = _decide(_study(series("e0", slices=31, revision=2), revision=2))
    assert first.jobs[0].name != second.jobs[0].name
    assert second.jobs[0].spec.input.revision == 2


def test_announced_images_that_did_not_come_are_a_warning() -> None:
    announced = series("e0", change=lambda one: replace(one, images_in_acquisition=21))
    (job,) = _decide(_study(announced)).jobs
    assert [str(finding.reason) for finding in job.warnings] == ["EndsMayBeMissing"]


_SERIES = st.builds(
    series,
    st.sampled_from([f"e{n}" for n in range(6)]),
    slices=st.integers(0, 14),
    spacing_mm=st.sampled_from([1.0, 0.9, 3.3]),
    revision=st.integers(1, 3),
    Modality=st.sampled_from(["MR", "CT", None]),
    ContrastBolusAgent=st.sampled_from(["GADO", "", None]),
    ImageType=st.sampled_from(["ORIGINAL\\PRIMARY", "DERIVED\\SECONDARY\\ADC", None]),
)
_ROUTES = st.lists(
    st.builds(
        _route,
        st.sampled_from(["one", "two", "three"]),
        modelRef=st.sampled_from([{"name": "unet-meningioma"}, {"name": "nope"}]),
        suspend=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda route: route.name,
)


@settings(deadline=None)
@given(st.lists(_SERIES, max_size=5, unique_by=lambda one: one.series), _ROUTES)
def test_any_study_gets_one_answer_a_route_and_no_two_jobs_of_a_name(
    members: list[Series], routes: list[Route]
) -> None:
    study = _study(*members, revision=3)
    decision = decide(study, routes, MODELS)
    answered = [job.route for job in decision.jobs] + [one.route for one in decision.refusals]
    assert len(answered) == len(set(answered))
    assert len({job.name for job in decision.jobs}) == len(decision.jobs)
    assert decision == decide(_study(*members[::-1], revision=3), routes, MODELS)


@settings(deadline=None)
@given(st.integers(8, 30), st.data())
def test_no_job_ever_has_a_series_with_a_gap(slices: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(1, slices - 2))
    whole = series("e1", ContrastBolusAgent=None, SeriesDescription="t1")
    decision = _decide(_study(series("e0", slices=slices, without=lost), whole))
    assert not decision.jobs
    assert str(decision.refusals[0].reason) in {"MissingSlices", "TooFewSlices"}

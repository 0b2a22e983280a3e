from typing import Any

import pytest
from tests.support import make
from tests.support.fake_kube import Call
from tests.support.series import SAGITTAL, mr_series, mr_slice

from meninx.base.errors import Unavailable
from meninx.kube.kinds import STUDYROUTE

from .conftest import Hospital


def _late(number: int) -> Any:
    return mr_slice(position_lps=(0.0, 0.0, float(number)), InstanceNumber=number + 1)


def test_whole_study_becomes_a_job_that_names_hashes_only(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    (job,) = hospital.jobs()
    assert job["spec"]["input"] == {
        "study": make.STUDY,
        "revision": 1,
        "channels": [{"name": "t1c", "series": make.SERIES, "volume": "Only"}],
    }
    assert job["metadata"]["labels"]["meninx.io/study"] == make.STUDY
    assert make.STUDY_UID not in str(job)


def test_route_counts_the_match_and_is_valid(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    status = hospital.status()
    assert (status["matched"], status["lastMatched"]) == (1, "2026-01-05T09:00:05Z")
    assert make.conditions_of({"status": status})["Valid"]["status"] == "True"


def test_nothing_is_decided_before_the_study_is_quiet(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle(4.0)
    assert not hospital.jobs()
    hospital.settle(1.0)
    assert len(hospital.jobs()) == 1


def test_slow_series_of_an_open_association_is_waited_for(hospital: Hospital) -> None:
    sending = [True]
    images = mr_series(30)
    hospital.send(images[:10], sender=lambda: sending[0])
    hospital.settle(7.0)
    hospital.send(images[10:], sender=lambda: sending[0])
    sending[0] = False
    hospital.settle(4.0)
    assert not hospital.jobs()
    hospital.settle(1.0)
    assert len(hospital.jobs()) == 1


def test_slow_second_series_is_complete_once_with_all_images(hospital: Hospital) -> None:
    hospital.send(mr_series(10, SeriesInstanceUID="2.25.2002"))
    completed = []
    for number, image in enumerate(mr_series(30, ImageType=["ORIGINAL", "PRIMARY"])):
        hospital.settle(0.4 if number else 0.0)
        completed.append(len(hospital.jobs()))
        hospital.send([image])
    hospital.settle(4.9)
    completed.append(len(hospital.jobs()))
    hospital.settle(0.1)
    assert not any(completed)
    study = hospital.store.find_study(make.STUDY_UID)
    assert study is not None
    assert (study.revision, study.instances, len(hospital.jobs())) == (1, 40, 1)


def test_quiet_time_begins_anew_when_the_association_ends(hospital: Hospital) -> None:
    sending = [True]
    hospital.send(mr_series(20), sender=lambda: sending[0])
    hospital.settle(7.0)
    sending[0] = False
    hospital.settle(4.0)
    assert not hospital.jobs()
    hospital.settle(1.0)
    assert len(hospital.jobs()) == 1


def test_same_study_sent_twice_is_one_job(hospital: Hospital) -> None:
    for _ in range(2):
        hospital.send(mr_series(20))
        hospital.settle()
    assert len(hospital.jobs()) == 1
    assert hospital.status()["matched"] == 1


def test_late_slice_is_a_new_revision_and_a_job_of_its_own(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    hospital.send([_late(20)])
    hospital.settle()
    revisions = sorted(job["spec"]["input"]["revision"] for job in hospital.jobs())
    assert revisions == [1, 2]


def test_late_scout_makes_no_second_job(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    scout: dict[str, Any] = {
        "SeriesInstanceUID": "2.25.2002",
        "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
    }
    hospital.send(mr_series(3, orientation=SAGITTAL, **scout))
    hospital.settle()
    assert (len(hospital.jobs()), hospital.status()["matched"]) == (1, 1)


AE_TITLES = {"SCANNER1": 1, "SCANNER1        ": 1, " SCANNER1": 1, "SCANNER2": 0}


@pytest.mark.parametrize(("title", "jobs"), AE_TITLES.items(), ids=map(repr, AE_TITLES))
def test_rule_on_the_sender_fires_for_a_padded_title(
    hospital: Hospital, title: str, jobs: int
) -> None:
    rule = {"all": [{"attribute": "CallingAETitle", "equals": "SCANNER1"}]}
    hospital.kube.add(make.studyroute(match=rule))
    hospital.send(mr_series(20), calling_aet=title)
    hospital.settle()
    assert len(hospital.jobs()) == jobs


def test_unreachable_api_leaves_the_study_undecided(hospital: Hospital) -> None:
    def away(_: Call) -> None:
        raise Unavailable("API server away")

    hospital.send(mr_series(20))
    hospital.kube.fault = away
    with pytest.raises(Unavailable):
        hospital.settle()
    hospital.kube.fault = None
    hospital.settle()
    assert len(hospital.jobs()) == 1


CRASHES = {
    "before the job": ("apply", "InferenceJob", ""),
    "before the route is read": ("get", "StudyRoute", ""),
    "before the status": ("apply", "StudyRoute", "status"),
}


@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES.keys())
def test_crash_anywhere_ends_with_one_job_counted_once(
    hospital: Hospital, crash: tuple[str, str, str]
) -> None:
    def fail(call: Call) -> None:
        if (call.verb, call.kind, call.subresource) == crash:
            raise Unavailable("killed")

    hospital.loop.turn()
    hospital.send(mr_series(20))
    hospital.kube.fault = fail
    hospital.settle()
    hospital.kube.fault = None
    hospital.restart()
    hospital.settle()
    assert (len(hospital.jobs()), hospital.status()["matched"]) == (1, 1)


def test_crash_before_the_store_is_told_counts_once(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Unavailable("killed")

    hospital.send(mr_series(20))
    with monkeypatch.context() as patch:
        patch.setattr(hospital.store, "mark_decided", killed)
        hospital.settle()
    hospital.restart()
    hospital.settle()
    assert (len(hospital.jobs()), hospital.status()["matched"]) == (1, 1)
    assert not hospital.store.studies_changed(hospital.clock.now())


def test_trouble_with_one_study_never_stops_another(hospital: Hospital) -> None:
    other: dict[str, Any] = {"StudyInstanceUID": "2.25.1002", "SeriesInstanceUID": "2.25.2002"}
    hospital.send(mr_series(20))
    hospital.send(mr_series(20, **other))
    for instance in hospital.store.study_instances(make.STUDY_UID):
        instance.path.unlink()
    hospital.settle()
    (job,) = hospital.jobs()
    assert job["spec"]["input"]["study"] != make.STUDY


def test_study_in_trouble_is_tried_again_ever_more_rarely(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    (first, *_) = hospital.store.study_instances(make.STUDY_UID)
    kept = first.path.read_bytes()
    first.path.unlink()
    hospital.settle()
    first.path.write_bytes(kept)
    hospital.settle(1.0)
    assert not hospital.jobs()
    hospital.settle(1.0)
    assert len(hospital.jobs()) == 1


def test_person_keeps_what_was_changed_on_a_job(hospital: Hospital) -> None:
    hospital.send(mr_series(20))
    hospital.settle()
    (job,) = hospital.jobs()
    hospital.kube.add({**job, "spec": {**job["spec"], "priority": "Stat"}})
    hospital.send(mr_series(3, SeriesInstanceUID="2.25.2002", Modality="SR"))
    hospital.settle()
    assert hospital.jobs()[0]["spec"]["priority"] == "Stat"


def test_study_without_any_route_is_decided_and_left(hospital: Hospital) -> None:
    hospital.kube.delete(STUDYROUTE, make.NAMESPACE, "meningioma")
    hospital.send(mr_series(20))
    hospital.settle()
    assert not hospital.jobs()
    assert not hospital.store.studies_changed(hospital.clock.now())

import threading
from typing import Any

import pytest
from tests.support import make
from tests.support.identity import leaks
from tests.support.series import mr_series, mr_slice

from meninx.routing.status import LISTED_REFUSALS, after_refusal, refusal_of

from .conftest import Hospital

SPACING_MM = 1.6


def _gapped() -> list[Any]:
    images = mr_series(21, spacing_mm=SPACING_MM)
    del images[10]
    return images


@pytest.mark.rule("complete-or-not-at-all")
def test_missing_slice_is_told_with_its_neighbours_and_no_job(hospital: Hospital) -> None:
    hospital.send(_gapped())
    hospital.settle()
    (refusal,) = hospital.status()["refusals"]
    assert not hospital.jobs()
    assert (refusal["study"], refusal["reason"]) == (make.STUDY, "MissingSlices")
    assert "14.4" in refusal["message"]
    assert "17.6" in refusal["message"]
    assert hospital.status()["refused"] == 1


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_refusal_is_an_event_without_identity(hospital: Hospital) -> None:
    hospital.send(_gapped())
    hospital.settle()
    (event,) = hospital.kube.events
    assert (event.kind, event.type, event.reason) == ("StudyRoute", "Warning", "MissingSlices")
    assert event.message.startswith(f"study {make.STUDY}: ")
    told = f"{event.message} {hospital.status()}"
    assert not leaks(told)
    assert make.STUDY_UID not in told
    assert make.SERIES_UID not in told


def test_slice_that_comes_late_heals_the_study(hospital: Hospital) -> None:
    hospital.send(_gapped())
    hospital.settle()
    hospital.send([mr_series(21, spacing_mm=SPACING_MM)[10]])
    hospital.settle()
    (job,) = hospital.jobs()
    assert job["spec"]["input"]["revision"] == 2
    status = hospital.status()
    assert (status["refusals"], status["matched"], status["refused"]) == ([], 1, 1)


def test_study_refused_at_each_revision_is_one_refused_study(hospital: Hospital) -> None:
    images = _gapped()
    for number, part in enumerate((images[:18], images[18:]), start=1):
        hospital.send(part)
        hospital.settle()
        (refusal,) = hospital.status()["refusals"]
        assert (refusal["revision"], hospital.status()["refused"]) == (number, 1)


def test_file_that_cannot_be_read_is_a_gap_and_its_log_names_no_uid(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    hospital.send(mr_series(20))
    rows = hospital.store.study_instances(make.STUDY_UID)
    rows[9].path.write_bytes(b"no DICOM at all" * 20)
    hospital.settle()
    assert [one["reason"] for one in hospital.status()["refusals"]] == ["MissingSlices"]
    assert "header can't be read" in caplog.text
    assert "2.25." not in caplog.text


def test_lost_file_is_trouble_and_its_log_names_no_uid(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    hospital.send(mr_series(20))
    hospital.store.study_instances(make.STUDY_UID)[9].path.unlink()
    hospital.settle()
    assert not hospital.status().get("refusals")
    assert "check the store's volume" in caplog.text
    assert "2.25." not in caplog.text


def test_gap_in_a_series_no_channel_needs_does_not_block(hospital: Hospital) -> None:
    scouts = mr_series(21, SeriesInstanceUID="2.25.2002", Modality="OT", spacing_mm=SPACING_MM)
    del scouts[5]
    only_mr = {"all": [{"attribute": "Modality", "equals": "MR"}]}
    hospital.kube.add(make.aimodel(channels=[make.channel(require=only_mr)]))
    hospital.send(mr_series(20) + scouts)
    hospital.settle()
    assert len(hospital.jobs()) == 1


PATIENTS: dict[str, tuple[dict[str, Any], int]] = {
    "another patient": ({"PatientID": "MNX-0002"}, 0),
    "padded": ({"PatientID": "MNX-0001 "}, 1),
    "without issuer": ({"IssuerOfPatientID": None}, 1),
    "another issuer": ({"IssuerOfPatientID": "B"}, 0),
}


@pytest.mark.parametrize(("changed", "jobs"), PATIENTS.values(), ids=PATIENTS.keys())
def test_two_patients_in_one_study_are_never_used(
    hospital: Hospital, changed: dict[str, Any], jobs: int
) -> None:
    same = {"PatientID": "MNX-0001", "IssuerOfPatientID": "A"}
    images = [
        mr_slice(
            position_lps=(0, 0, k), InstanceNumber=k + 1, **(same | (changed if k > 9 else {}))
        )
        for k in range(20)
    ]
    hospital.send(images)
    hospital.settle()
    assert len(hospital.jobs()) == jobs
    reasons = [one["reason"] for one in hospital.status().get("refusals", [])]
    assert reasons == ["PatientConflict"] * (1 - jobs)


def test_restart_after_a_refusal_counts_it_once(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.send(_gapped())
    with monkeypatch.context() as patch:
        patch.setattr(hospital.store, "mark_decided", lambda *_, **__: 1 / 0)
        hospital.settle()
    hospital.restart()
    hospital.settle()
    assert hospital.status()["refused"] == 1
    assert len(hospital.kube.events) == 1


def test_newest_refusals_stand_first_and_old_ones_go(hospital: Hospital) -> None:
    status: dict[str, Any] = {}
    for number in range(LISTED_REFUSALS + 5):
        entry = refusal_of(
            f"s{number}", revision=1, reason="SeriesTie", message="", now=hospital.clock.now()
        )
        status = after_refusal(status, entry)
    assert [one["study"] for one in status["refusals"]] == [f"s{n}" for n in range(24, 4, -1)]
    assert status["refused"] == LISTED_REFUSALS + 5


def test_wrong_route_says_so_and_refuses_what_it_cannot_judge(hospital: Hospital) -> None:
    hospital.kube.add(
        make.studyroute(match={"all": [{"attribute": "SeriesDescripton", "exists": True}]})
    )
    hospital.send(mr_series(20))
    hospital.settle()
    status = hospital.status()
    valid = make.conditions_of({"status": status})["Valid"]
    assert (valid["status"], valid["reason"]) == ("False", "UnknownAttribute")
    assert [one["reason"] for one in status["refusals"]] == ["UnknownAttribute"]


def test_loop_goes_on_after_any_error_and_stops_when_told(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, turns = threading.Event(), []

    def turn() -> None:
        turns.append(1)
        if len(turns) == 3:
            stop.set()
        raise RuntimeError("anything")

    monkeypatch.setattr("meninx.routing.loop.back_off", lambda _: 0.0)
    monkeypatch.setattr(hospital.loop, "turn", turn)
    hospital.loop.run(stop)
    assert len(turns) == 3

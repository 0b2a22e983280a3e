"""A head exam of 15 series: which one serves a T1 with gadolinium, and why not the others."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.realdata.conftest import Ended, Prepare

from meninx.cli.main import main

SPIN_ECHO_T1C: dict[str, Any] = {
    "require": {
        "all": [
            {"attribute": "Modality", "equals": "MR"},
            {"attribute": "Series.Contrast", "equals": "true"},
            {"attribute": "EchoTime", "range": {"max": 30}},
        ]
    },
    "minSlices": 16,
}
AXIAL = {"when": {"attribute": "Series.Plane", "equals": "Axial"}, "score": 10}


def _reasons(ended: Ended) -> dict[str, str]:
    document = ended.document("choice.json")
    number = {one["series"]: one["number"] for one in document["series"]}
    (channel,) = document["channels"]
    return {number[over["series"]]: over["reason"] for over in channel["passedOver"]}


def test_axial_series_after_gadolinium_is_chosen(exam: Path, prepare: Prepare) -> None:
    ended = prepare(exam, **SPIN_ECHO_T1C, prefer=[AXIAL])
    assert ended.code == 0, ended.complaint
    assert "t1c: series 14 " in ended.said
    (channel,) = ended.document("study.json")["channels"]
    assert channel["shape"] == [192, 256, 21]
    assert channel["derived"]["Series.Contrast"] == "true"
    assert (ended.out / "t1c.nii").is_file()


def test_every_other_series_has_its_reason(exam: Path, prepare: Prepare) -> None:
    reasons = _reasons(prepare(exam, **SPIN_ECHO_T1C, prefer=[AXIAL]))
    assert {n for n, why in reasons.items() if why == "LowerScore"} == {"13", "15"}
    without = {str(n) for n in range(1, 13)}
    assert {n for n, why in reasons.items() if why == "RequirementNotMet"} == without


def test_without_requirements_what_is_no_volume_says_why(exam: Path, prepare: Prepare) -> None:
    reasons = _reasons(prepare(exam, minSlices=16))
    assert {reasons[n] for n in ("2", "3", "4")} == {"MixedOrientation"}  # MPR scouts
    assert {reasons[n] for n in ("5", "6")} == {"DerivedMap"}  # trace-weighted, ADC
    assert {reasons[str(n)] for n in range(7, 16)} == {"LowerScore"}


def test_what_is_said_of_a_series_holds_no_identity(exam: Path, prepare: Prepare) -> None:
    ended = prepare(exam, **SPIN_ECHO_T1C, prefer=[AXIAL])
    facts = [one["facts"] for one in ended.document("choice.json")["series"]]
    named = {keyword for one in facts for keyword in one}
    assert not {"PatientName", "PatientID", "StudyDescription", "SeriesDescription"} & named


@pytest.mark.skipif("MENINX_MODELS_DIR" in os.environ, reason="another set of models is named")
def test_shipped_model_takes_a_series_after_gadolinium(
    exam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["prepare", str(exam), str(tmp_path / "out")])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "t1c: series 14 " in said.out
    assert "not 13 'no description', 19 images: LowerScore" in said.out

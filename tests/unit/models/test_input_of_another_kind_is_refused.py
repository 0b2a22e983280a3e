import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from tests.unit.models.heads import RAS, Volume, head

from meninx.phantom import head as phantom_head
from meninx.phantom.scanner import Acquisition
from meninx.phantom.simulate import simulate
from meninx.phantom.template import load_template
from meninx_models.contract import NotForModel
from meninx_models.infer.plausible import (
    check_enhancement,
    check_facts,
    enhancement,
    study_facts,
)
from meninx_models.infer.postprocess import head_depth_mm
from meninx_models.preprocess import to_box

ENHANCES = (
    "_dura",
    "_sagittal_sinus",
    "_tentorial_sinuses",
    "_sella",
    "_choroid_plexus",
    "_vessels",
)
THICK = Acquisition(spacing_mm=(1.5, 1.5, 3.0), noise=0.03)


def _box(image: Volume, affine: Any) -> tuple[Volume, Volume]:
    values = to_box(image.astype(np.float32), affine).values
    return values, head_depth_mm(values)


REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "CT": ({"Modality": "CT"}, "for MR"),
    "a knee": ({"Modality": "MR", "BodyPartExamined": "KNEE"}, "shows KNEE"),
    "a spine": ({"BodyPartExamined": "C SPINE"}, "shows CSPINE"),
    "T2": ({"BodyPartExamined": "BRAIN", "EchoTime": 95.0}, "T2-weighted"),
}


@pytest.mark.parametrize(("facts", "why"), REFUSED.values(), ids=REFUSED)
def test_headers_that_tell_another_kind_are_believed(facts: Mapping[str, Any], why: str) -> None:
    with pytest.raises(NotForModel, match=why):
        check_facts(facts)


TAKEN: dict[str, Mapping[str, Any]] = {
    "nothing known": {},
    "the head": {"Modality": "MR", "BodyPartExamined": "HEAD", "EchoTime": "2.3"},
    "the orbit": {"BodyPartExamined": "ORBIT"},
    "an echo time that is no number": {"EchoTime": ""},
}


@pytest.mark.parametrize("facts", TAKEN.values(), ids=TAKEN)
def test_headers_that_fit_or_say_nothing_are_taken(facts: Mapping[str, Any]) -> None:
    check_facts(facts)


def test_facts_are_those_of_the_channel_in_the_first_study_file(tmp_path: Path) -> None:
    study = {"channels": [{"name": "flair"}, {"name": "t1c", "acquisition": {"EchoTime": 3}}]}
    (tmp_path / "study.json").write_text(json.dumps(study))
    assert study_facts([tmp_path / "none", tmp_path], "t1c") == {"EchoTime": 3}
    assert study_facts([tmp_path], "t2") == {}


def test_head_after_gadolinium_is_taken_without_any_lesion() -> None:
    phantom = simulate(load_template(), 41, lesions=0, acquisition=THICK)
    check_enhancement(*_box(phantom.image, phantom.grid.affine_ras))


def test_head_without_contrast_agent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENHANCES:
        monkeypatch.setattr(phantom_head, name, lambda *_args, **_keywords: None)
    phantom = simulate(load_template(), 41, lesions=0, acquisition=THICK)
    with pytest.raises(NotForModel, match="no contrast agent"):
        check_enhancement(*_box(phantom.image, phantom.grid.affine_ras))


def test_lesion_that_enhances_is_measured_over_white_matter() -> None:
    bright_ml, peak = enhancement(*_box(head()[0], RAS))
    assert bright_ml > 5
    assert peak == pytest.approx(900 / 400, rel=0.15)


def test_object_of_one_brightness_has_no_brain_that_enhances() -> None:
    image = np.where(head()[0] > 100, 400, 2).astype(np.float32)
    with pytest.raises(NotForModel, match="no contrast agent"):
        check_enhancement(*_box(image, RAS))


def test_head_cut_off_below_its_vertex_is_refused() -> None:
    with pytest.raises(NotForModel, match="vertex is cut off"):
        to_box(np.ascontiguousarray(head()[0][:, :, :55]), RAS)


def test_column_that_goes_on_at_its_top_is_no_head() -> None:
    i, j = np.meshgrid(np.arange(96) - 48, np.arange(112) - 56, indexing="ij", sparse=True)
    limb = np.where((i / 38) ** 2 + (j / 40) ** 2 < 1, 400, 2)[:, :, None].repeat(96, 2)
    limb = ndimage.gaussian_filter(limb.astype(np.float32), 1)
    with pytest.raises(NotForModel, match="or it is no head"):
        to_box(limb, RAS)


def test_wide_head_gets_a_wider_box() -> None:
    narrow, wide = to_box(head()[0], RAS), to_box(head()[0], RAS * [1.3, 1, 1, 1])
    assert narrow.values.shape == (160, 224, 192)
    assert wide.values.shape == (192, 224, 192)

"""Facts that conditions may test: from headers, derived from geometry, and never a patient."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.uid import JPEG2000Lossless
from tests.support.identity import leaks
from tests.support.series import AXIAL, CORONAL, SAGITTAL, mr_series, mr_slice, write_series
from tests.support.stacks import headers_of

from meninx.imaging.series import HEADER_TAGS, KEYWORDS, open_header, read_headers, series_facts
from meninx.resources.predicates import DERIVED


def test_derived_facts_are_those_that_conditions_may_name() -> None:
    facts = series_facts(headers_of(mr_series(12, spacing_mm=1.5, pixel_spacing_mm=(0.9, 0.9))))
    derived = {name: text for name, text in facts.items() if name.startswith("Series.")}
    assert derived == {
        "Series.Slices": "12",
        "Series.SpacingMm": "1.5",
        "Series.VoxelMm": "1.5",
        "Series.Plane": "Axial",
        "Series.ThreeD": "true",
        "Series.Contrast": "true",
    }
    assert set(derived) == set(DERIVED)


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        (AXIAL, "Axial"),
        (SAGITTAL, "Sagittal"),
        (CORONAL, "Coronal"),
        ((1, 0, 0, 0, 0.96, 0.28), "Axial"),
        ((1, 0, 0, 0, 0.7071, 0.7071), "Oblique"),
    ],
)
def test_plane_is_named_by_its_normal(orientation: Any, plane: str) -> None:
    facts = series_facts(headers_of(mr_series(5, orientation=orientation)))
    assert facts["Series.Plane"] == plane


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"ContrastBolusAgent": "GADOVIST"}, "true"),
        ({"ContrastBolusAgent": ""}, "false"),
        ({"ContrastBolusAgent": "NONE", "SeriesDescription": "t1 gd"}, "false"),
        ({"ContrastBolusVolume": "7.5"}, "true"),
        ({"ContrastBolusVolume": "0"}, "false"),
        ({"SeriesDescription": "T1 MPRAGE +C SAG"}, "true"),
        ({"SeriesDescription": "t1_mprage_sag_iso_KM"}, "true"),
        ({"SeriesDescription": "AX T1 POST CONTRAST"}, "true"),
        ({"SeriesDescription": "AX T1 PRE CONTRAST"}, "false"),
        ({"SeriesDescription": "t1 without gad"}, "false"),
        ({"SeriesDescription": "t1 space sag"}, "false"),
        ({"ProtocolName": "t1_mprage_gad"}, "true"),
    ],
    ids=str,
)
def test_contrast_is_told_by_what_the_headers_say(attributes: dict[str, str], told: str) -> None:
    plain: dict[str, Any] = {"SeriesDescription": "t1", "ProtocolName": "head"}
    (header,) = read_headers(mr_slice(**(plain | attributes)))
    assert series_facts([header])["Series.Contrast"] == told


def test_first_image_that_has_a_keyword_tells_it() -> None:
    datasets = mr_series(3)
    datasets[1].EchoTime, datasets[2].EchoTime = 2.5, 9
    assert series_facts(headers_of(datasets))["EchoTime"] == "2.5"


def test_no_fact_identifies_the_patient() -> None:
    facts = series_facts(headers_of(mr_series(3, PatientComments="TEST^ONE")))
    assert leaks(*facts.values()) == []
    named = [name for name in KEYWORDS if name.startswith(("Patient", "Other")) or "Date" in name]
    assert named == ["PatientPosition"]
    assert None not in [tag_for_keyword(keyword) for keyword in KEYWORDS]


def test_header_is_read_without_loading_the_pixels(tmp_path: Path) -> None:
    large = b"\0" * 200_000
    (path,) = write_series([mr_slice(PixelData=large, Rows=200, Columns=500)], tmp_path)
    dataset = open_header(path)
    assert set(dataset.keys()) <= {*HEADER_TAGS, 0x00080005}
    assert read_headers(dataset)[0].has_pixels
    pixels = dataset.get_item("PixelData", keep_deferred=True)
    assert isinstance(pixels, RawDataElement)
    assert pixels.value is None


def test_object_that_announces_pixels_but_has_none_is_told(tmp_path: Path) -> None:
    empty = mr_slice(PixelData=None)
    empty.file_meta.TransferSyntaxUID = JPEG2000Lossless
    (path,) = write_series([empty], tmp_path)
    assert not read_headers(open_header(path))[0].has_pixels

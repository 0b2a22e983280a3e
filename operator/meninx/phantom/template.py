"""The real T1 head that phantoms are made from, and what anatomy is derived from it once.

Colin 27 (ch2, with skull) and its brain mask and AAL labels from Debian's mricron-data, MNI space.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.base.errors import NotFound, Unavailable

FILES = ("ch2.nii.gz", "ch2bet.nii.gz", "aal.nii.gz")
INSTALLED = Path("/usr/share/mricron/templates")
DERIVED = "head-v1.npz"
CEREBELLUM_FIRST_LABEL = 91
WHITE_MATTER = 113.0
"""Grey value of white matter in ch2: intensities of a phantom are relative to it."""

Volume = npt.NDArray[np.float32]
Points = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Template:
    """The head and its derived anatomy on one 1 mm RAS grid; points are voxel indices (n, 3)."""

    affine_ras: npt.NDArray[np.float64]
    grey: npt.NDArray[np.uint8]
    inside_mm: Volume
    """Distance to the dura, positive inside the skull."""
    tentorium_mm: Volume
    """Distance to the tentorium, positive on the side of the cerebrum."""
    ventricle: npt.NDArray[np.bool_]
    convexity: Points
    skull_base: Points
    falx: Points
    tentorium: Points

    def voxel(self, x_mm: float, y_mm: float, z_mm: float) -> npt.NDArray[np.float64]:
        """Return the index of a place given in MNI millimetres."""
        return np.array([x_mm, y_mm, z_mm]) - self.affine_ras[:3, 3]


def cache_folder() -> Path:
    """Return where downloads and derived data are kept: MENINX_CACHE, the checkout's, or home's."""
    if named := os.environ.get("MENINX_CACHE"):
        return Path(named)
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".cache"
    return Path.home() / ".cache" / "meninx"


def template_folder() -> Path:
    """Find the template's files, or fetch the Debian package that holds them.

    Raises NotFound when MENINX_TEMPLATES lacks them, Unavailable when they can't be fetched.
    """
    if named := os.environ.get("MENINX_TEMPLATES"):
        if _complete(Path(named)):
            return Path(named)
        raise NotFound(f"MENINX_TEMPLATES={named} lacks one of {', '.join(FILES)}: put them there")
    fetched = cache_folder() / "templates"
    unpacked = fetched / INSTALLED.relative_to("/")
    for folder in (INSTALLED, unpacked):
        if _complete(folder):
            return folder
    _download(fetched)
    if not _complete(unpacked):
        raise Unavailable("Debian's mricron-data holds no ch2.nii.gz here: set MENINX_TEMPLATES")
    return unpacked


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


def _download(folder: Path) -> None:
    remedy = "install Debian's mricron-data, or set MENINX_TEMPLATES to a folder with ch2.nii.gz"
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Unavailable(f"no T1 template here and no apt-get to fetch one: {remedy}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["apt-get", "download", "mricron-data"], cwd=folder, check=True, capture_output=True
        )
        package = max(folder.glob("mricron-data_*.deb"), key=lambda path: path.stat().st_mtime)
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    except (subprocess.CalledProcessError, ValueError) as error:
        raise Unavailable(f"the T1 template could not be downloaded: {remedy}") from error


def load_template() -> Template:
    """Return the template with its derived anatomy, derived on first use and then cached."""
    return cached(DERIVED, lambda: derive(template_folder()))


def cached(name: str, make: Callable[[], Template]) -> Template:
    """Return a template from the cache, made first where it isn't there."""
    derived = cache_folder() / "templates" / name
    if not derived.is_file():
        template = make()
        derived.parent.mkdir(parents=True, exist_ok=True)
        aside = derived.with_suffix(f".{os.getpid()}.npz")
        np.savez(aside, **{field.name: getattr(template, field.name) for field in fields(Template)})
        aside.replace(derived)
    with np.load(derived) as arrays:
        return Template(**{field.name: arrays[field.name] for field in fields(Template)})


def derive(folder: Path) -> Template:
    """Compute dura, tentorium, ventricles and the sites where a meningioma may grow."""
    image = nibabel.load(folder / "ch2.nii.gz")
    grey = np.asarray(image.dataobj, dtype=np.uint8)
    brain = np.asarray(nibabel.load(folder / "ch2bet.nii.gz").dataobj) > 0
    return anatomy(grey, brain, cerebellum_and_cerebrum(folder), np.asarray(image.affine))


def cerebellum_and_cerebrum(folder: Path) -> npt.NDArray[np.uint8]:
    """Return AAL's labels, on the grid of ch2."""
    return np.asarray(nibabel.load(folder / "aal.nii.gz").dataobj)


def anatomy(
    grey: npt.NDArray[np.uint8],
    brain: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.uint8],
    affine_ras: npt.NDArray[np.float64],
) -> Template:
    """Derive the anatomy of any head in MNI space on a 1 mm RAS grid; white matter at WHITE_MATTER."""
    inside = _inside_mm(brain)
    tentorium = _tentorium_mm(labels)
    ventricle = (grey < 55) & (inside > 28)
    origin = affine_ras[:3, 3].astype(np.float32).reshape(3, 1, 1, 1)
    place: Volume = np.indices(grey.shape, dtype=np.float32) + origin
    surface = (inside >= 0) & (inside < 1)
    sites = _sites(place, surface, inside, tentorium)
    return Template(affine_ras, grey, inside, tentorium, ventricle, **sites)


def _inside_mm(brain: npt.NDArray[np.bool_]) -> Volume:
    near = ndimage.distance_transform_edt(~brain) < 9
    hull = ndimage.binary_fill_holes((ndimage.distance_transform_edt(near) >= 8.5) | brain)
    signed = ndimage.distance_transform_edt(hull) - ndimage.distance_transform_edt(~hull)
    smooth = ndimage.gaussian_filter(signed.astype(np.float32), 1.5)
    return np.asarray(smooth + 1.5, dtype=np.float32)


def _tentorium_mm(labels: npt.NDArray[np.uint8]) -> Volume:
    cerebellum = labels >= CEREBELLUM_FIRST_LABEL
    cerebrum = (labels > 0) & ~cerebellum
    gap = ndimage.distance_transform_edt(~cerebellum) - ndimage.distance_transform_edt(~cerebrum)
    return np.asarray(ndimage.gaussian_filter(gap.astype(np.float32), 1.5) / 2, dtype=np.float32)


def _sites(
    place: Volume, surface: npt.NDArray[np.bool_], inside: Volume, tentorium: Volume
) -> dict[str, Points]:
    x, y, z = place
    above_callosum = (z > 22) | ((y > 38) & (z > -5)) | ((y < -65) & (z > 12))
    near_tentorium = (np.abs(tentorium) < 0.7) & (y < -30) & (z < 25) & (inside > 3)
    masks = {
        "convexity": surface & (z > -8),
        "skull_base": surface & (z <= -8) & (z > -50) & (y > -75),
        "falx": (np.abs(x) < 1) & (inside > 2) & (inside < 30) & above_callosum,
        "tentorium": near_tentorium & (np.abs(x) > 6),
    }
    return {name: np.argwhere(mask).astype(np.int16) for name, mask in masks.items()}

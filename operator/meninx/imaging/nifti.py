"""Series to NIfTI and back."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from pydicom.dataset import Dataset

from meninx.base.errors import BadInput, Rejected
from meninx.imaging.geometry import Grid, grid_from_ras
from meninx.imaging.pixels import read_slice
from meninx.imaging.stack import Stack
from meninx.resources.reasons import Reason

Volume = npt.NDArray[np.float32]

_SCANNER = 1
"""NIfTI's code for coordinates of the scanner (sform and qform)."""


def volume_from_stack(stack: Stack, datasets: Mapping[str, Dataset]) -> Volume:
    """Return the voxels of a stack, indexed (column, row, slice), rescaled slice by slice.

    `datasets` may read each object when it is asked for: it is asked once per slice, in order,
    and nothing is kept. Memory order is NIfTI's, so that writing needs no second copy. Raises
    Rejected where pixels can't be read.
    """
    try:
        volume: Volume = np.empty(stack.grid.shape, dtype=np.float32, order="F")
    except MemoryError as error:
        message = f"a volume of {stack.grid.shape} voxels does not fit into memory"
        raise Rejected(Reason.OUT_OF_MEMORY, message) from error
    for index, header in enumerate(stack.headers):
        dataset = datasets[header.sop_instance_uid]
        image = read_slice(dataset, header.frame, (header.rows, header.columns))
        volume[:, :, index] = image.T
    return volume


def write_nifti(path: Path, array: npt.NDArray[np.generic], grid: Grid) -> None:
    """Write a volume as NIfTI-1; `.gz` compresses. sform and qform both hold the grid's affine."""
    if array.shape != grid.shape:
        raise ValueError(f"array of {array.shape} is not on {grid!r}")
    image = nibabel.Nifti1Image(array, grid.affine_ras, dtype=array.dtype)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(grid.affine_ras, code=_SCANNER)
    image.set_qform(grid.affine_ras, code=_SCANNER)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)


def read_nifti(path: Path) -> tuple[npt.NDArray[np.generic], Grid]:
    """Return the array of a NIfTI volume, as stored or scaled, and its grid.

    A fourth axis of length one is dropped. Raises BadInput where the file is no such volume.
    """
    try:
        image = nibabel.load(path)
        array = np.asanyarray(image.dataobj)
    except (OSError, EOFError, ValueError, zlib.error, HeaderDataError) as e:
        raise BadInput(f"{path.name} can't be read as NIfTI ({type(e).__name__})") from e
    except ImageFileError as error:
        raise BadInput(f"{path.name} is no NIfTI file") from error
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    affine = np.asarray(image.affine, dtype=np.float64)
    if array.ndim != 3 or 0 in array.shape:
        raise BadInput(f"{path.name} has shape {array.shape}: write one volume of three axes")
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise BadInput(f"{path.name} has an affine that can't be inverted: write sform or qform")
    return array, grid_from_ras(array.shape, affine)

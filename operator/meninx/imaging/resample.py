"""Putting a label map on another grid."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.imaging.geometry import Grid

Labels = npt.NDArray[np.uint8]


def resample_labels(array: npt.NDArray[np.generic], grid_from: Grid, grid_to: Grid) -> Labels:
    """Return the label map on another grid by nearest neighbour: no value appears that was not there.

    Voxel-identical where the grids are the same; 0 outside of the first grid.
    """
    labels: Labels = np.asarray(array).astype(np.uint8)
    if grid_from.same_as(grid_to):
        return labels
    to_source = np.linalg.inv(grid_from.affine_lps) @ grid_to.affine_lps
    result: Labels = ndimage.affine_transform(
        labels,
        to_source[:3, :3],
        offset=to_source[:3, 3],
        output_shape=grid_to.shape,
        order=0,
        mode="grid-constant",
        cval=0,
        output=np.uint8,
    )
    return result

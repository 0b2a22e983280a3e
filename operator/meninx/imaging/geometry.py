"""The grid of a volume, without its pixels: shape and affine, in a named frame."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Affine = npt.NDArray[np.float64]
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid in DICOM's patient frame.

    Arrays on it are indexed (column, row, slice). `affine_lps` maps that index to mm in LPS
    (PS3.3 C.7.6.2.1.1); NIfTI's affine is `affine_ras`.
    """

    shape: tuple[int, int, int]
    affine_lps: Affine

    @cached_property
    def affine_ras(self) -> Affine:
        """The affine to RAS mm, as NIfTI writes it."""
        ras: Affine = LPS_TO_RAS @ self.affine_lps
        return ras

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along column, row and slice index, in mm."""
        x, y, z = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in mL."""
        return abs(float(np.linalg.det(self.affine_lps[:3, :3]))) / 1000.0

    @property
    def orientation(self) -> str:
        """Letters of the directions in which the indices grow, such as LPS."""
        return "".join(self._letter(axis) for axis in range(3))

    def _letter(self, axis: int) -> str:
        direction = self.affine_lps[:3, axis]
        world = int(np.argmax(np.abs(direction)))
        return "LPS"[world] if direction[world] > 0 else "RAI"[world]

    def same_as(self, other: "Grid", *, tolerance_mm: float = 1e-3) -> bool:
        """Tell whether each voxel of both lies at the same place within a tolerance."""
        if self.shape != other.shape:
            return False
        corners = self._corners()
        gap = (self.affine_lps - other.affine_lps) @ corners
        return bool(np.max(np.abs(gap)) <= tolerance_mm)

    def _corners(self) -> npt.NDArray[np.float64]:
        ends = [(0, n - 1) for n in self.shape]
        points = [(i, j, k, 1) for i in ends[0] for j in ends[1] for k in ends[2]]
        return np.asarray(points, dtype=np.float64).T

    def __repr__(self) -> str:
        """Show shape, spacing, orientation letters and origin: what ends most mysteries."""
        spacing = " x ".join(f"{s:.4g}" for s in self.spacing_mm)
        origin = ", ".join(f"{v:.4g}" for v in self.affine_lps[:3, 3])
        return f"Grid({self.shape}, {spacing} mm, {self.orientation}, origin_lps=({origin}))"


def grid_from_ras(shape: tuple[int, ...], affine_ras: npt.NDArray[Any]) -> Grid:
    """Return the grid of a NIfTI volume."""
    x, y, z = shape[:3]
    return Grid((int(x), int(y), int(z)), LPS_TO_RAS @ np.asarray(affine_ras, dtype=np.float64))

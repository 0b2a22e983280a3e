"""Images by plane: orientation, normal, and where along it each image lies."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from meninx.imaging.header import ImageHeader, Vector

COSINE_TOLERANCE = 1e-3
SAME_PLACE_MM = 0.02
_OBLIQUE_ABOVE_DEGREES = 35.0

Direction = npt.NDArray[np.float64]


def normal_of(header: ImageHeader) -> Direction:
    """Return the slice normal, row x column cosines, in LPS."""
    cross: Direction = np.cross(header.row_cosines or (1, 0, 0), header.column_cosines or (0, 1, 0))
    unit: Direction = cross / np.linalg.norm(cross)
    return unit


def place_of(header: ImageHeader, normal: Direction) -> float:
    """Return where an image lies along a normal, in mm."""
    return float(np.dot(header.position_lps or (0.0, 0.0, 0.0), normal))


def plane_of(normal: Direction) -> str:
    """Return Axial, Sagittal, Coronal or Oblique (more than 35 degrees from all three)."""
    axis = int(np.argmax(np.abs(normal)))
    if np.abs(normal[axis]) < np.cos(np.radians(_OBLIQUE_ABOVE_DEGREES)):
        return "Oblique"
    return ("Sagittal", "Coronal", "Axial")[axis]


def _close(one: Vector | None, other: Vector | None) -> bool:
    if one is None or other is None:
        return False
    return all(abs(a - b) <= COSINE_TOLERANCE for a, b in zip(one, other, strict=True))


def same_orientation(one: ImageHeader, other: ImageHeader) -> bool:
    """Tell whether two images are parallel and turned alike, within 1e-3 of each cosine."""
    return _close(one.row_cosines, other.row_cosines) and _close(
        one.column_cosines, other.column_cosines
    )


def by_orientation(headers: Iterable[ImageHeader]) -> list[list[ImageHeader]]:
    """Group images that are turned alike, largest group first (then by first appearance)."""
    groups: list[list[ImageHeader]] = []
    for header in headers:
        for group in groups:
            if same_orientation(group[0], header):
                group.append(header)
                break
        else:
            groups.append([header])
    return sorted(groups, key=len, reverse=True)


def by_place(headers: Iterable[ImageHeader], normal: Direction) -> list[list[ImageHeader]]:
    """Group images at the same place along the normal, ascending."""
    groups: list[list[ImageHeader]] = []
    last = -np.inf
    for place, header in sorted(
        ((place_of(header, normal), header) for header in headers), key=lambda pair: pair[0]
    ):
        if place - last > SAME_PLACE_MM:
            groups.append([])
            last = place
        groups[-1].append(header)
    return groups


def largest_orientation(headers: Sequence[ImageHeader]) -> list[ImageHeader]:
    """Return the largest group of placed images that are turned alike; empty if none is placed."""
    groups = by_orientation(header for header in headers if header.has_geometry)
    return groups[0] if groups else []


def slice_steps(group: Sequence[ImageHeader]) -> list[float]:
    """Return the distances between neighbouring places of parallel images, in mm."""
    normal = normal_of(group[0])
    places = [place_of(at[0], normal) for at in by_place(group, normal)]
    return [after - before for before, after in pairwise(places)]

"""What makes a stack whole: kind, orientation, doubles, gaps, spacing; and the grid it makes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meninx.imaging import spacing, volumes
from meninx.imaging.finding import Finding
from meninx.imaging.geometry import Affine, Grid
from meninx.imaging.header import ImageHeader
from meninx.imaging.planes import Direction, by_orientation, normal_of, plane_of
from meninx.resources.reasons import Reason

__all__ = ["Finding", "Stack", "build_stack"]

DOMINANT_SHARE = 0.8
"""The share of a series' images that one group must have to be the volume."""


@dataclass(frozen=True)
class Stack:
    """The images of one volume, ascending along the slice normal, and the grid they make.

    `left_out` holds the SOP Instance UIDs of the series' images that are not part of it.
    """

    headers: tuple[ImageHeader, ...]
    grid: Grid
    left_out: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()


def build_stack(
    headers: Sequence[ImageHeader], *, volume: str = "Only", min_slices: int = 1
) -> Stack | tuple[Finding, ...]:
    """Return the one volume of a series, or why there is none.

    `volume` says which one where several share their places (resources.predicates). Two slices
    are the least that has a spacing.
    """
    images = _unique(headers)
    group = _comparable(images)
    if isinstance(group, Finding):
        return (group,)
    normal = _frame(group)[2]
    slices = volumes.pick(group, normal, volume)
    if isinstance(slices, Finding):
        return (slices,)
    if len(slices) < max(2, min_slices):
        message = f"{len(slices)} slice positions, at least {max(2, min_slices)} are needed"
        return (Finding(Reason.TOO_FEW_SLICES, message),)
    findings = (*spacing.judge(slices, normal), *_ends(slices, images))
    if any(finding.fatal for finding in findings):
        return tuple(finding for finding in findings if finding.fatal)
    return Stack(tuple(slices), _grid(slices, group), _left_out(slices, images), findings)


def _comparable(images: list[ImageHeader]) -> list[ImageHeader] | Finding:
    """Return the images that could make one volume: a kind, a frame, a plane and a size."""
    for narrow in (_usable, _one_frame_of_reference, _main_group):
        narrowed = narrow(images)
        if isinstance(narrowed, Finding):
            return narrowed
        images = narrowed
    return images


def _unique(headers: Sequence[ImageHeader]) -> list[ImageHeader]:
    """The same instance twice is one image (identity is the SOP Instance UID and the frame)."""
    return list({(header.sop_instance_uid, header.frame): header for header in headers}.values())


_NEEDS: tuple[tuple[Callable[[ImageHeader], bool], Reason, str], ...] = (
    (lambda header: header.makes_volumes, Reason.UNSUPPORTED_OBJECT, "no object is MR or CT"),
    (lambda header: not header.is_mosaic, Reason.MOSAIC, "every image is a mosaic of slices"),
    (lambda header: header.has_pixels, Reason.NO_PIXELS, "no object holds pixel data"),
    (lambda header: header.has_geometry, Reason.NO_GEOMETRY, "no image says where it lies"),
)


def _usable(images: list[ImageHeader]) -> list[ImageHeader] | Finding:
    for needed, reason, message in _NEEDS:
        left = [header for header in images if needed(header)]
        if not left:
            return Finding(reason, f"{message} ({len(images)} looked at)")
        images = left
    return images


def _one_frame_of_reference(images: list[ImageHeader]) -> list[ImageHeader] | Finding:
    """Places in different frames of reference can't be compared, whatever their numbers say."""
    named = Counter(header.frame_of_reference_uid for header in images)
    ((uid, count),) = named.most_common(1)
    if count < DOMINANT_SHARE * len(images):
        message = f"{len(named)} frames of reference in one series: places can't be compared"
        return Finding(Reason.NO_GEOMETRY, message)
    return [header for header in images if header.frame_of_reference_uid == uid]


def _main_group(images: list[ImageHeader]) -> list[ImageHeader] | Finding:
    turned = by_orientation(images)
    if len(turned[0]) < DOMINANT_SHARE * len(images):
        listed = ", ".join(f"{len(group)} {plane_of(normal_of(group[0]))}" for group in turned[:6])
        return Finding(Reason.MIXED_ORIENTATION, f"{len(turned)} orientations: {listed}")
    shapes = Counter(map(_shape, turned[0]))
    (shape, count), *others = shapes.most_common()
    if count < DOMINANT_SHARE * len(images):
        listed = "; ".join(
            f"{count} of {rows} x {columns}, {spacing_mm} mm"
            for (rows, columns, spacing_mm), count in [(shape, count), *others][:6]
        )
        return Finding(Reason.MIXED_SHAPE, f"{len(shapes)} sizes: {listed}")
    return [header for header in turned[0] if _shape(header) == shape]


def _shape(header: ImageHeader) -> tuple[int, int, tuple[float, ...]]:
    """Rows, columns, and pixel spacing to a micrometre."""
    mm = tuple(round(value, 3) for value in header.pixel_spacing_mm or ())
    return header.rows, header.columns, mm


def _ends(slices: Sequence[ImageHeader], images: Sequence[ImageHeader]) -> list[Finding]:
    announced = max(header.images_in_acquisition or 0 for header in images)
    if announced > len(images):
        message = f"ImagesInAcquisition says {announced}, {len(images)} have arrived"
        return [Finding(Reason.ENDS_MAY_BE_MISSING, message, fatal=False)]
    numbers = [header.instance_number for header in images if header.instance_number is not None]
    if len(images) == len(slices) == len(set(numbers)) and min(numbers) > 1:
        message = f"InstanceNumber starts at {min(numbers)}"
        return [Finding(Reason.ENDS_MAY_BE_MISSING, message, fatal=False)]
    return []


def _left_out(slices: Sequence[ImageHeader], images: Sequence[ImageHeader]) -> tuple[str, ...]:
    used = {header.sop_instance_uid for header in slices}
    others = {header.sop_instance_uid: None for header in images}
    return tuple(uid for uid in others if uid not in used)


def _frame(group: Sequence[ImageHeader]) -> tuple[Direction, Direction, Direction]:
    """Unit vectors along a row, a column and the normal: the mean of the group, made square."""
    row = np.asarray([header.row_cosines for header in group], dtype=np.float64).mean(axis=0)
    column = np.asarray([header.column_cosines for header in group], dtype=np.float64).mean(axis=0)
    row = row / np.linalg.norm(row)
    column = column - np.dot(column, row) * row
    column = column / np.linalg.norm(column)
    return row, column, np.cross(row, column)


def _grid(slices: Sequence[ImageHeader], group: Sequence[ImageHeader]) -> Grid:
    first = slices[0]
    row, column, normal = _frame(group)
    between_rows, between_columns = first.pixel_spacing_mm or (1.0, 1.0)
    affine: Affine = np.eye(4)
    affine[:3, 0] = row * between_columns
    affine[:3, 1] = column * between_rows
    affine[:3, 2] = normal * spacing.step_mm(slices, normal)
    affine[:3, 3] = first.position_lps
    return Grid((first.columns, first.rows, len(slices)), affine)

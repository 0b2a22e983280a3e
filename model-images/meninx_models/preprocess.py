"""A NIfTI head onto the network's canvas, and a result back: RAS, 1 mm, 256^3, [0, 1].

Everything here is numpy and scipy: it runs in the image, and training uses the very same code.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx_models.contract import NotFinite, NotForModel

Volume = npt.NDArray[np.float32]
Affine = npt.NDArray[np.float64]

CANVAS = (256, 256, 256)
BOX = (160, 224, 192)
"""The part of the canvas, around its centre, that the network sees: all but ears and neck fits."""
GROWN_BY = 32
"""A wider head gets a box larger by such steps; every level of a network divides it."""
CALVARIA_MM, SKULL_MM = 80.0, 10.0
"""Below the vertex so deep there are no ears yet; what may stick out is scalp and skull."""
VERTEX_ABOVE_CENTRE_MM = 92.0
HEAD_DEPTH_MM = 150.0
WHITE_OVER_MEDIAN = 2.5
"""Where 1.0 lies, in medians of the head's signal: above anything that enhances."""
MOST_TOP_OVER_MEDIAN, LEAST_CORRELATION = 12.0, 0.3
SLAB_MM, MOST_AT_TOP = 15.0, 0.75
"""Around 15 mm below its vertex a head has this share of its largest section at the most."""
LEAST_HEAD_ML, MOST_HEAD_ML = 700.0, 9000.0
LEAST_EXTENT_MM, MOST_EXTENT_MM = 90.0, 320.0


@dataclass(frozen=True, eq=False)
class Canvas:
    """A head on the canvas, with the levels that were mapped to 0 and 1."""

    values: Volume
    affine_ras: Affine
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Head:
    """Where the head lies."""

    centre_ras: Affine
    """The point (mm) that goes to the canvas' centre: below the vertex, mid head."""
    box: tuple[int, int, int]
    """How much of the canvas around it holds the head."""
    ml: float


def to_canvas(image: Volume, affine_ras: Affine, shape: tuple[int, int, int] = CANVAS) -> Canvas:
    """Put a head (any grid) on the canvas, or on its middle part. Raises NotForModel, NotFinite."""
    return _to_canvas(image, affine_ras, shape)


def to_box(image: Volume, affine_ras: Affine) -> Canvas:
    """Put a head on the part of the canvas that holds all of it. Raises NotForModel, NotFinite."""
    return _to_canvas(image, affine_ras, None)


def _to_canvas(image: Volume, affine_ras: Affine, shape: tuple[int, int, int] | None) -> Canvas:
    check_input(image, affine_ras)
    low, high, threshold = levels(image)
    head = find_head(image > threshold, affine_ras)
    size = shape or head.box
    affine = canvas_affine(head.centre_ras, size)
    values = resample(image, affine_ras, affine, size)
    values -= np.float32(low)
    values *= np.float32(1 / (high - low))
    return Canvas(np.clip(values, 0, 1, out=values), affine, low, high)


def check_input(image: Volume, affine_ras: Affine) -> None:
    """Refuse what can't be one head: dimensions, geometry, signal."""
    if image.ndim != 3:
        raise NotForModel(f"the input has {image.ndim} dimensions: one 3D volume is needed")
    if not (np.isfinite(affine_ras).all() and abs(np.linalg.det(affine_ras[:3, :3])) > 1e-6):
        raise NotForModel("the input's affine is not that of a volume")
    if not np.isfinite(image).all():
        raise NotFinite("the input holds NaN or infinite values")
    extent = np.linalg.norm(affine_ras[:3, :3], axis=0) * np.array(image.shape)
    if extent.min() < LEAST_EXTENT_MM or min(image.shape) < 16:
        text = " x ".join(f"{e:.0f}" for e in extent)
        raise NotForModel(f"the input covers {text} mm in {image.shape} voxels: not a whole head")
    if float(image.max()) <= float(image.min()):
        raise NotForModel("the input has no signal: all voxels are equal")


def levels(image: Volume) -> tuple[float, float, float]:
    """Return the values that become 0 and 1, and the one that tells head from air."""
    sample = image[::2, ::2, ::2]
    low, bright, top = (float(value) for value in np.percentile(sample, (1, 95, 99.9)))
    threshold = low + 0.2 * (bright - low)
    head = sample[sample > threshold]
    if bright <= low or head.size < 1000:
        raise NotForModel("the input has next to no signal above its background")
    middle = float(np.median(head)) - low
    if top - low > MOST_TOP_OVER_MEDIAN * middle or _is_noise(image):
        raise NotForModel("the input has no head above its noise")
    return low, low + WHITE_OVER_MEDIAN * middle, threshold


def _is_noise(image: Volume) -> bool:
    """Tell whether neighbouring voxels have nothing to do with each other."""
    here, there = image[:-1:3, ::3, ::3], image[1::3, ::3, ::3]
    return bool(np.corrcoef(here.ravel(), there.ravel())[0, 1] < LEAST_CORRELATION)


def find_head(mask: npt.NDArray[np.bool_], affine_ras: Affine) -> Head:
    """Find the largest object, which must be a head."""
    spacing = np.linalg.norm(affine_ras[:3, :3], axis=0)
    step = np.maximum(np.rint(2.5 / spacing), 1).astype(int)
    coarse = ndimage.binary_opening(mask[:: step[0], :: step[1], :: step[2]], iterations=1)
    pieces, count = ndimage.label(coarse)
    if count == 0:
        raise NotForModel("no head-sized object is in the input")
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    index = np.argwhere(pieces == largest) * step
    points = index @ affine_ras[:3, :3].T + affine_ras[:3, 3]
    ml = len(points) * float(np.prod(spacing * step)) / 1000
    vertex = float(np.percentile(points[:, 2], 99.98))
    upper = points[points[:, 2] > vertex - HEAD_DEPTH_MM]
    ends = np.percentile(upper, (0.02, 99.98), axis=0)
    if not LEAST_HEAD_ML < ml < MOST_HEAD_ML or np.ptp(ends, axis=0).max() > MOST_EXTENT_MM:
        raise NotForModel(f"the object in the input has {ml:.0f} mL: not a head")
    middle = ends.mean(axis=0)
    centre = np.array([middle[0], middle[1], vertex - VERTEX_ABOVE_CENTRE_MM])
    check_top(vertex - points[:, 2])
    calvaria = points[points[:, 2] > vertex - CALVARIA_MM]
    return Head(centre, box_holding(np.abs(calvaria - centre)), ml)


def check_top(below_mm: Affine) -> None:
    """Refuse what is as wide at its top as anywhere: cut off there, or no head. Raises NotForModel."""
    # a slope to either side: slices thinner than it make no steps
    places = np.arange(SLAB_MM, HEAD_DEPTH_MM - SLAB_MM, 5)
    some = below_mm[::5]
    sections = [float(np.maximum(0, 1 - np.abs(some - d) / SLAB_MM).sum()) for d in places]
    if sections[0] > MOST_AT_TOP * max(sections):
        raise NotForModel(
            "the object in the input does not close at its top: the vertex is cut off, or it is no head"
        )


def box_holding(from_centre_mm: Affine) -> tuple[int, int, int]:
    """Return the usual box, or a wider one where points (n, 3; distances in mm) lie outside of it."""
    reach = 2 * (np.percentile(from_centre_mm[:, :2], 99.9, axis=0) - SKULL_MM)
    more = np.maximum(np.ceil((reach - BOX[:2]) / GROWN_BY), 0).astype(int)
    return BOX[0] + int(more[0]) * GROWN_BY, BOX[1] + int(more[1]) * GROWN_BY, BOX[2]


def canvas_affine(centre_ras: Affine, shape: tuple[int, int, int] = CANVAS) -> Affine:
    """Return the 1 mm RAS affine of a canvas around a point."""
    affine = np.eye(4)
    affine[:3, 3] = centre_ras - np.array(shape) / 2
    return affine


def resample(
    image: Volume, affine_from: Affine, affine_to: Affine, shape: tuple[int, ...]
) -> Volume:
    """Sample a volume linearly on another grid, 0 outside; finer input is smoothed before."""
    to_index = np.linalg.inv(affine_from) @ affine_to
    spacing_from, spacing_to = (
        np.linalg.norm(affine[:3, :3], axis=0) for affine in (affine_from, affine_to)
    )
    ratio = np.abs(np.linalg.solve(affine_from[:3, :3], affine_to[:3, :3])) @ np.ones(3)
    sigma = np.where(ratio > 1.5, 0.3 * ratio, 0.0)
    if sigma.any() and spacing_from.min() < spacing_to.min():
        image = ndimage.gaussian_filter(image, sigma)
    matrix, offset = to_index[:3, :3], to_index[:3, 3]
    if np.allclose(matrix, np.diag(np.diag(matrix))):
        matrix = np.diag(matrix)
    return np.asarray(
        ndimage.affine_transform(
            image, matrix, offset, output_shape=shape, order=1, output=np.float32, mode="constant"
        ),
        dtype=np.float32,
    )


def box_of(shape: tuple[int, ...] = CANVAS) -> tuple[slice, slice, slice]:
    """Return the slices of the part of the canvas that the network sees."""
    x, y, z = (slice((n - b) // 2, (n - b) // 2 + b) for n, b in zip(shape, BOX, strict=True))
    return x, y, z


def from_canvas(
    share: Volume, canvas_ras: Affine, *, affine_ras: Affine, shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    """Return which voxels of the input's grid are lesion, from probabilities on the canvas."""
    inside = np.argwhere(share > 0.5)
    labels = np.zeros(shape, dtype=np.uint8)
    if len(inside) == 0:
        return labels
    region = _region(inside, np.linalg.inv(affine_ras) @ canvas_ras, shape)
    low = np.eye(4)
    low[:3, 3] = [span.start for span in region]
    size = tuple(span.stop - span.start for span in region)
    labels[region] = resample(share, canvas_ras, affine_ras @ low, size) > 0.5
    return labels


def _region(
    inside: npt.NDArray[np.int64], to_input: Affine, shape: tuple[int, ...]
) -> tuple[slice, slice, slice]:
    ends = np.array([inside.min(axis=0) - 2, inside.max(axis=0) + 2])
    corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]]
                        for i in (0, 1) for j in (0, 1) for k in (0, 1)])  # fmt: skip
    places = corners @ to_input[:3, :3].T + to_input[:3, 3]
    low = np.clip(np.floor(places.min(axis=0)).astype(int), 0, shape)
    high = np.clip(np.ceil(places.max(axis=0)).astype(int) + 1, low, shape)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return x, y, z

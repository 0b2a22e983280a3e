"""A head after gadolinium, without lesions: tissue contrast and everything normal that enhances."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.phantom.fields import Volume, blend, box_around, noise, offsets, ramp
from meninx.phantom.template import WHITE_MATTER, Template


@dataclass(frozen=True, eq=False)
class Head:
    """Signal on the template's grid, white matter at 1; painted in place while it is made."""

    template: Template
    signal: Volume
    gadolinium: float
    """Signal of blood, relative to white matter."""


def make_head(template: Template, rng: np.random.Generator) -> Head:
    """Draw the contrast of one acquisition and all normal enhancement."""
    head = Head(template, _tissues(template, rng), float(rng.uniform(1.5, 2.3)))
    _dura(head, rng)
    _sagittal_sinus(head, rng)
    _tentorial_sinuses(head, rng)
    _sella(head, rng)
    _choroid_plexus(head, rng)
    _vessels(head, rng)
    if rng.random() < 0.08:
        _intra_axial(head, rng)
    return head


def _tissues(template: Template, rng: np.random.Generator) -> Volume:
    grey = np.arange(256) / WHITE_MATTER
    csf, cortex = rng.uniform(0.16, 0.36), rng.uniform(0.66, 0.88)
    inner = np.interp(grey, [0, 0.27, 0.76, 1.0, 2.3], [0.03, csf, cortex, 1.0, 1.9])
    fat, scalp = rng.uniform(0.25, 1.1), rng.uniform(0.75, 1.15)
    outer = scalp * np.where(grey > 1, 1 + fat * (grey - 1), grey)
    share = ramp(template.inside_mm - 1.0, 2.0)
    signal = outer.astype(np.float32)[template.grey]
    blend(signal, share, inner.astype(np.float32)[template.grey])
    return signal


def _dura(head: Head, rng: np.random.Generator) -> None:
    template, thick = head.template, rng.uniform(0.3, 0.8)
    share = np.clip(1 - np.abs(template.inside_mm) / 1.4, 0, 1) * np.float32(thick)
    blend(head.signal, share, rng.uniform(0.8, 1.3))
    falx = template.falx
    at = (falx[:, 0], falx[:, 1], falx[:, 2])
    head.signal[at] += np.float32(rng.uniform(0.1, 0.6)) * (1.2 - head.signal[at])
    sheet = np.clip(1 - np.abs(template.tentorium_mm) / 0.9, 0, 1) * (template.inside_mm > 2)
    ahead = int(template.voxel(0, -28, 0)[1])
    sheet[:, ahead:] = 0
    blend(head.signal, sheet * np.float32(rng.uniform(0.2, 0.7)), 1.2)


def _sagittal_sinus(head: Head, rng: np.random.Generator) -> None:
    template = head.template
    middle = template.voxel(rng.uniform(-2, 2), -20, 0)
    slab = np.s_[int(middle[0]) - 9 : int(middle[0]) + 10]
    inside = template.inside_mm[slab]
    x = np.arange(slab.start, slab.stop, dtype=np.float32).reshape(-1, 1, 1) - middle[0]
    y = np.arange(inside.shape[1], dtype=np.float32).reshape(1, -1, 1) - template.voxel(0, 0, 0)[1]
    z = np.arange(inside.shape[2], dtype=np.float32).reshape(1, 1, -1) - template.voxel(0, 0, 0)[2]
    radius = np.float32(rng.uniform(0.8, 1.2)) * np.clip(3.2 - y / 45, 1.5, 5)
    # Three-cornered: narrow towards the brain, wide at the bone.
    narrow = 1 + np.clip(inside, 0, 8) / 6
    distance = np.hypot(x * narrow, (inside - 1.0) * 0.8)
    course = ramp(np.where(y > 0, z - 5, z + 12).astype(np.float32), 4)
    blend(head.signal[slab], ramp((radius - distance).astype(np.float32)) * course, head.gadolinium)


def _tentorial_sinuses(head: Head, rng: np.random.Generator) -> None:
    template = head.template
    back = np.s_[:, : int(template.voxel(0, -28, 0)[1])]
    inside, height = template.inside_mm[back], template.tentorium_mm[back]
    x = np.arange(inside.shape[0], dtype=np.float32).reshape(-1, 1, 1) - template.voxel(0, 0, 0)[0]
    left, right = rng.uniform(1.2, 4.5, 2)
    radius = np.where(x < 0, np.float32(left), np.float32(right))
    transverse = ramp((radius - np.hypot(height, inside - 1.5)).astype(np.float32))
    straight = ramp((np.float32(rng.uniform(1.2, 2.6)) - np.hypot(x, height)).astype(np.float32))
    straight *= inside > 1
    blend(head.signal[back], np.maximum(transverse, straight), head.gadolinium)


def _ellipsoid(
    head: Head, centre: npt.NDArray[np.float64], radii: tuple[float, float, float], value: float
) -> None:
    box = box_around(centre, max(radii) + 2, head.signal.shape)
    scaled = offsets(box, centre) / np.asarray(radii, dtype=np.float32).reshape(3, 1, 1, 1)
    level = (1 - np.sqrt((scaled**2).sum(axis=0))) * np.float32(min(radii))
    blend(head.signal[box], ramp(level), value)


def _sella(head: Head, rng: np.random.Generator) -> None:
    at, size = head.template.voxel, rng.uniform(0.8, 1.2)
    value = head.gadolinium * rng.uniform(0.75, 1.0)
    _ellipsoid(head, at(0, 1, -33), (6 * size, 4.5 * size, 3.5 * size), value)
    for side in (-12, 12):
        _ellipsoid(head, at(side, -2, -32), (3.0 * size, 8 * size, 5 * size), value)


def _choroid_plexus(head: Head, rng: np.random.Generator) -> None:
    at = head.template.voxel
    for side in (-24, 24):
        centre = at(side, -38, 12)
        box = box_around(centre, 12, head.signal.shape)
        grain = noise(rng, tuple(s.stop - s.start for s in box), 5)
        near = 1 - (offsets(box, centre) ** 2).sum(axis=0) / 144
        share = head.template.ventricle[box] * ramp(near + 0.5 * grain - 0.2) * np.float32(0.8)
        blend(head.signal[box], share, head.gadolinium * 0.85)


def _vessels(head: Head, rng: np.random.Generator) -> None:
    template = head.template
    sites = np.concatenate([template.convexity, template.skull_base])
    for _ in range(int(rng.integers(10, 45))):
        start = sites[rng.integers(len(sites))].astype(np.float64)
        depth, radius = rng.uniform(1.5, 7), rng.uniform(0.5, 1.4)
        _tube(head, _walk(template, start, depth, rng), radius)
    for _ in range(int(rng.integers(0, 8))):
        start = sites[rng.integers(len(sites))].astype(np.float64)
        _tube(head, _walk(template, start, rng.uniform(15, 45), rng), rng.uniform(0.4, 0.9))


def _walk(
    template: Template, start: npt.NDArray[np.float64], depth_mm: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return a winding path that keeps about `depth_mm` below the dura."""
    point = start + _inward(template.inside_mm, start) * depth_mm
    heading = rng.standard_normal(3)
    path = []
    for _ in range(int(rng.integers(20, 90))):
        inward = _inward(template.inside_mm, point)
        at = _index(template.inside_mm.shape, point)
        heading += 0.35 * rng.standard_normal(3)
        heading += inward * (0.12 * (depth_mm - float(template.inside_mm[at])) - heading @ inward)
        heading /= np.linalg.norm(heading) + 1e-6
        path.append(point)
        point = point + 0.8 * heading
    return np.array(path)


def _tube(head: Head, path: npt.NDArray[np.float64], radius: float) -> None:
    reach = int(np.ceil(radius + 0.7))
    steps = np.arange(-reach, reach + 1)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    voxels = np.rint(path).astype(int)[:, None] + cube
    distance = np.linalg.norm(voxels - path[:, None], axis=-1).ravel()
    voxels = voxels.reshape(-1, 3)
    kept = ((voxels >= 0) & (voxels < head.signal.shape)).all(axis=1) & (distance < radius + 0.5)
    flat = np.ravel_multi_index(tuple(voxels[kept].T), head.signal.shape)
    share = np.clip(radius + 0.5 - distance[kept], 0, 1).astype(np.float32)
    value = head.signal.ravel()[flat] * (1 - share) + share * np.float32(head.gadolinium)
    np.maximum.at(head.signal.reshape(-1), flat, value)


def _intra_axial(head: Head, rng: np.random.Generator) -> None:
    """Paint metastasis-like blobs deep in the brain: enhancing, and not a meningioma."""
    template = head.template
    deep = np.argwhere(
        (template.inside_mm[::4, ::4, ::4] > 16) & ~template.ventricle[::4, ::4, ::4]
    )
    for _ in range(int(rng.integers(1, 4))):
        centre = deep[rng.integers(len(deep))] * 4.0
        if abs(centre[0] - template.voxel(0, 0, 0)[0]) < 12:
            continue
        radius = float(rng.uniform(2, 6))
        _ellipsoid(head, centre, (radius, radius * 0.9, radius * 1.1), rng.uniform(1.3, 1.9))
        if radius > 4:
            _ellipsoid(head, centre, (radius * 0.5,) * 3, rng.uniform(0.4, 0.8))


def _index(shape: tuple[int, ...], point: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    i, j, k = (int(min(max(round(float(p)), 1), n - 2)) for p, n in zip(point, shape, strict=True))
    return i, j, k


def _inward(inside_mm: Volume, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return unit_gradient(inside_mm, point)


def unit_gradient(field: Volume, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the direction in which a field grows fastest at a voxel."""
    i, j, k = _index(field.shape, point)
    slope = np.array(
        [
            field[i + 1, j, k] - field[i - 1, j, k],
            field[i, j + 1, k] - field[i, j - 1, k],
            field[i, j, k + 1] - field[i, j, k - 1],
        ],
        dtype=np.float64,
    )
    length = float(np.linalg.norm(slope))
    return slope / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def smoothed(image: Volume, sigma: float) -> Volume:
    """Return the image as a scanner with a wider point spread would see it."""
    return np.asarray(ndimage.gaussian_filter(image, sigma), dtype=np.float32)

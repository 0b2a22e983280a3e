"""Meningiomas: where they grow, their shape, how they enhance, and what they push aside."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meninx.phantom.fields import Box, Volume, blend, box_around, noise, offsets, ramp
from meninx.phantom.head import Head, unit_gradient
from meninx.phantom.template import Template

Vector = npt.NDArray[np.float64]
SITES = {"convexity": 0.52, "skull_base": 0.20, "falx": 0.19, "tentorium": 0.09}
SMALLEST_MM, LARGEST_MM = 3.0, 60.0


@dataclass(frozen=True)
class LesionRange:
    """Longest diameter asked for, in mm."""

    low_mm: float = SMALLEST_MM
    high_mm: float = LARGEST_MM


@dataclass(frozen=True, eq=False)
class Shape:
    """A lesion's shape before it is cut by dura, falx and tentorium; units are voxels (1 mm)."""

    site: str
    base: Vector
    normal: Vector
    radius_mm: float
    height: float
    stretch: Vector
    turn: Vector
    lobes: npt.NDArray[np.float32]
    roughness: float
    seed: int

    @property
    def centre(self) -> Vector:
        """Where the lesion's body lies, in voxels."""
        return self.base + self.normal * self.height * self.radius_mm


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion as it lies in the head: `signed_mm` is positive inside, on `box`."""

    shape: Shape
    box: Box
    signed_mm: Volume
    longest_mm: float


def draw_diameter(rng: np.random.Generator, asked: LesionRange) -> float:
    """Draw a longest diameter: log-uniform, with a quarter of the weight below 8 mm removed."""
    low, high = np.log(asked.low_mm), np.log(asked.high_mm)
    drawn = float(np.exp(rng.uniform(low, high)))
    if drawn < 8 and asked.high_mm > 12 and rng.random() < 0.75:
        drawn = float(np.exp(rng.uniform(max(low, np.log(8)), high)))
    return drawn


def grow(
    template: Template,
    rng: np.random.Generator,
    diameter_mm: float,
    *,
    taken: npt.NDArray[np.bool_],
) -> Lesion | None:
    """Grow a lesion of about that longest diameter where none is yet; None if the site is bad."""
    shape = _draw_shape(template, rng, diameter_mm)
    lesion = None
    for _ in range(4):
        lesion = _realise(template, shape)
        if lesion is None:
            return None
        ratio = diameter_mm / lesion.longest_mm
        if abs(ratio - 1) < 0.06:
            break
        shape = replace(shape, radius_mm=shape.radius_mm * float(np.clip(ratio, 0.5, 2)))
    if lesion is None or taken[lesion.box][lesion.signed_mm > -2].any():
        return None
    return lesion if abs(diameter_mm / lesion.longest_mm - 1) < 0.25 else None


def _draw_shape(template: Template, rng: np.random.Generator, diameter_mm: float) -> Shape:
    site = str(rng.choice(list(SITES), p=list(SITES.values())))
    points = getattr(template, site)
    base = points[rng.integers(len(points))].astype(np.float64)
    normal = unit_gradient(template.inside_mm, base)
    if site == "falx":
        normal = np.array([rng.choice([-1.0, 1.0]), 0.0, 0.0])
    if site == "tentorium":
        normal = unit_gradient(template.tentorium_mm, base) * rng.choice([1.0, -1.0], p=[0.7, 0.3])
    lobes = np.zeros((int(rng.integers(0, 4)) if diameter_mm > 10 else 0, 4), dtype=np.float32)
    for lobe in lobes:
        lobe[:3] = rng.standard_normal(3) * 0.5
        lobe[3] = rng.uniform(0.35, 0.7)
    return Shape(
        site, base, normal, diameter_mm / 2, float(rng.uniform(0.25, 0.85)),
        rng.uniform(0.82, 1.18, 3), _random_turn(rng), lobes,
        float(rng.uniform(0.03, 0.12)), int(rng.integers(2**31)),
    )  # fmt: skip


def _random_turn(rng: np.random.Generator) -> Vector:
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    return np.asarray(turn, dtype=np.float64)


def _realise(template: Template, shape: Shape) -> Lesion | None:
    radius = shape.radius_mm
    box = box_around(shape.centre, 1.7 * radius + 4, template.grey.shape)
    if any(span.stop - span.start < 4 for span in box):
        return None
    away = offsets(box, shape.centre) / np.float32(radius)
    turned = np.tensordot((shape.turn * shape.stretch).astype(np.float32), away, (0, 0))
    level = 1 - np.sqrt((turned**2).sum(axis=0))
    for lobe in shape.lobes:
        body = lobe[3] - np.sqrt(((away - lobe[:3].reshape(3, 1, 1, 1)) ** 2).sum(axis=0))
        level = np.logaddexp(level * 8, body * 8) / 8
    rng = np.random.default_rng(shape.seed)
    level = level + np.float32(shape.roughness) * noise(rng, level.shape, max(radius, 4))
    signed = _cut(template, shape, box, (level * radius).astype(np.float32))
    return _largest_piece(shape, box, signed)


def _cut(template: Template, shape: Shape, box: Box, signed: Volume) -> Volume:
    """Keep a lesion on its side of dura, falx and tentorium."""
    signed = np.minimum(signed, template.inside_mm[box])
    if shape.site == "falx":
        sheet = offsets(box, shape.base)[0] * np.float32(shape.normal[0])
        signed = np.minimum(signed, sheet + 1.0)
    if shape.site == "tentorium":
        side = np.sign(shape.normal @ unit_gradient(template.tentorium_mm, shape.base))
        signed = np.minimum(signed, template.tentorium_mm[box] * np.float32(side) + 0.5)
    return signed


def _largest_piece(shape: Shape, box: Box, signed: Volume) -> Lesion | None:
    pieces, count = ndimage.label(signed > 0)
    if count == 0:
        return None
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    signed = np.where((pieces > 0) & (pieces != largest), np.float32(-1), signed)
    return Lesion(shape, box, signed, longest_mm(np.argwhere(pieces == largest).astype(float)))


def longest_mm(points_mm: Vector) -> float:
    """Return the longest extent of a set of points (n, 3) along its own principal axes."""
    if len(points_mm) < 3:
        return float(len(points_mm))
    centred = points_mm - points_mm.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return float(np.ptp(centred @ axes, axis=0).max()) + 1.0


def push_aside(head: Head, lesion: Lesion, rng: np.random.Generator) -> None:
    """Press the surrounding brain away, nothing at the bone."""
    volume = float((lesion.signed_mm > 0).sum())
    radius = float(np.cbrt(volume * 3 / (4 * np.pi)))
    if radius < 3:
        return
    strength, reach = np.float32(rng.uniform(0.3, 0.8)), 2.2 * radius
    inner = np.argwhere(lesion.signed_mm > 0).mean(axis=0) + [span.start for span in lesion.box]
    box = box_around(inner, reach, head.signal.shape)
    away = offsets(box, inner)
    distance = np.sqrt((away**2).sum(axis=0)) + 1e-3
    source = np.clip((distance - radius) / (reach - radius), 0, 1) * reach
    free = np.clip(head.template.inside_mm[box] / 8, 0, 1) * (distance < reach)
    pull = strength * free * (distance - source) / distance
    low = np.array([span.start for span in box], dtype=np.float32).reshape(3, 1, 1, 1)
    places = offsets(box, np.zeros(3)) - away * pull - low
    head.signal[box] = ndimage.map_coordinates(head.signal[box], places, order=1, mode="nearest")


def paint(head: Head, lesion: Lesion, rng: np.random.Generator) -> None:
    """Paint a lesion with cleft, oedema, dural tail, texture and necrosis."""
    signed, signal = lesion.signed_mm, head.signal[lesion.box]
    inside = head.template.inside_mm[lesion.box]
    value = float(np.clip(rng.normal(1.75, 0.22), 1.3, 2.3))
    if lesion.longest_mm > 15 and rng.random() < 0.4:
        wide = rng.uniform(4, 14)
        share = np.clip(1 + signed / wide, 0, 1) * (inside > 2) * (signal > 0.5)
        blend(signal, share * np.float32(0.7), signal * np.float32(rng.uniform(0.75, 0.9)))
    if lesion.longest_mm > 8 and rng.random() < 0.4:
        cleft = np.clip(1 - np.abs(signed + 1) / 1.2, 0, 1) * (inside > 1)
        blend(signal, cleft * np.float32(rng.uniform(0.3, 0.8)), 0.3)
    if rng.random() < 0.6:
        length = np.float32(rng.uniform(3, 5 + 0.35 * lesion.longest_mm))
        sheet = np.clip(1.6 - np.abs(inside - 1.0), 0, 1) * ramp(signed + length, 2)
        blend(signal, sheet * np.float32(rng.uniform(0.4, 0.9)), value)
    blend(signal, ramp(signed), value * _texture(lesion, rng))


def _texture(lesion: Lesion, rng: np.random.Generator) -> Volume:
    """Return the relative signal inside a lesion: mostly even, some with necrosis or calcium."""
    signed = lesion.signed_mm
    heterogeneous = rng.random() < 0.25
    amount = rng.uniform(0.08, 0.18) if heterogeneous else rng.uniform(0.01, 0.06)
    texture = 1 + np.float32(amount) * noise(rng, signed.shape, rng.uniform(4, 10))
    deep = float(signed.max())
    if lesion.longest_mm > 18 and rng.random() < 0.2:
        edge = deep * rng.uniform(0.35, 0.65)
        core = ramp(signed - edge + np.float32(0.15 * deep) * noise(rng, signed.shape, 8), 2)
        blend(texture, core, rng.uniform(0.25, 0.5))
    if lesion.longest_mm > 12 and rng.random() < 0.12:
        grains = ramp(noise(rng, signed.shape, 5) - 1.9, 0.5) * (signed > 1)
        blend(texture, grains, 0.25)
    clipped: Volume = np.clip(texture, 0.2, 1.6).astype(np.float32)
    return clipped

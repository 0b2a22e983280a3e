"""Series that hold several volumes at the same places: telling them apart and taking one."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

from meninx.imaging.finding import Finding
from meninx.imaging.header import ImageHeader
from meninx.imaging.planes import Direction, by_place
from meninx.resources.reasons import Reason

Value = float | int | str | None
Read = Callable[[ImageHeader], Value]

_ECHO = "EchoTime"
_TIMES = ("TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime")
_READ: dict[str, Read] = {
    _ECHO: lambda header: header.echo_time_ms,
    "TemporalPositionIdentifier": lambda header: header.temporal_position,
    "AcquisitionNumber": lambda header: header.acquisition_number,
    "ImageType": lambda header: "\\".join(header.image_type) or None,
    "DiffusionBValue": lambda header: header.attributes.get("DiffusionBValue"),
    "TriggerTime": lambda header: header.trigger_time_ms,
}
"""What tells repeated images apart, in order. InstanceNumber never does: echoes share it."""


def pick(
    images: Sequence[ImageHeader], normal: Direction, volume: str
) -> list[ImageHeader] | Finding:
    """Return one image per place along the normal by a selector's `volume`, or why not."""
    places = by_place(images, normal)
    if _depth(places) == 1:
        return [at[0] for at in places]
    chosen = by_place(_narrowed(places, volume), normal)
    if _depth(chosen) == 1 and len(chosen) == len(places):
        return [at[0] for at in chosen]
    return _largest(places, normal) if volume == "Largest" else _ambiguous(places)


def _depth(places: Sequence[Sequence[ImageHeader]]) -> int:
    return max(map(len, places))


def _narrowed(places: Sequence[Sequence[ImageHeader]], volume: str) -> list[ImageHeader]:
    images = [header for at in places for header in at]
    keys = (_ECHO,) if volume.endswith("Echo") else _TIMES if volume.endswith("Time") else ()
    for key in keys:
        read = _READ[key]
        if any(len({read(header) for header in at} - {None}) > 1 for at in places):
            values = [found for header in images if isinstance(found := read(header), int | float)]
            wanted = min(values) if volume.startswith("First") else max(values)
            return [header for header in images if read(header) == wanted]
    return images


def _split(places: Sequence[Sequence[ImageHeader]]) -> tuple[tuple[str, ...], Counter[str]] | None:
    """Return the fewest elements that tell the volumes apart, and each volume's images."""
    depth = _depth(places)
    for size in (1, 2, 3):
        for keys in combinations(_READ, size):
            found = [[_label(header, keys) for header in at] for at in places]
            counts = Counter(label for at in found for label in at)
            if len(counts) == depth and all(len(set(at)) == len(at) for at in found):
                return keys, counts
    return None


def _label(header: ImageHeader, keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {_READ[key](header)}" for key in keys)


def _largest(
    places: Sequence[Sequence[ImageHeader]], normal: Direction
) -> list[ImageHeader] | Finding:
    told = _split(places)
    if told is None:
        return _ambiguous(places)
    keys, counts = told
    (label, most), *others = counts.most_common()
    if most < len(places) or others[0][1] == most:
        return _ambiguous(places)
    chosen = [header for at in places for header in at if _label(header, keys) == label]
    return [at[0] for at in by_place(chosen, normal)]


def _ambiguous(places: Sequence[Sequence[ImageHeader]]) -> Finding:
    images = sum(map(len, places))
    told = _split(places)
    if told is None:
        message = f"{images} images lie at {len(places)} places and nothing tells them apart"
        return Finding(Reason.DUPLICATE_POSITIONS, message)
    listed = "; ".join(f"{label}: {count}" for label, count in told[1].items())
    message = f"{images} images at {len(places)} places are {len(told[1])} volumes ({listed})"
    return Finding(Reason.AMBIGUOUS_VOLUME, message)

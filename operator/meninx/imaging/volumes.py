"""Series that hold several volumes at the same places: telling them apart and taking one."""

from collections.abc import Callable, Iterable, Sequence
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
    "SequenceName": lambda header: header.attributes.get("SequenceName"),
    "TriggerTime": lambda header: header.trigger_time_ms,
}
"""What tells repeated images apart, in order (Siemens writes b-values into SequenceName). InstanceNumber never does: echoes share it."""


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
    return _largest(places) if volume == "Largest" else _ambiguous(places)


def _depth(places: Sequence[Sequence[ImageHeader]]) -> int:
    return max(map(len, places))


def _narrowed(places: Sequence[Sequence[ImageHeader]], volume: str) -> list[ImageHeader]:
    keys = (_ECHO,) if volume.endswith("Echo") else _TIMES if volume.endswith("Time") else ()
    end = 0 if volume.startswith("First") else -1
    images = [header for at in places for header in at]
    for key in keys:
        read = _READ[key]
        if any(len({read(header) for header in at} - {None}) > 1 for at in places):
            values = {found for header in images if isinstance(found := read(header), int | float)}
            wanted = sorted(values)[end]
            ranked = _ranked(places, key)
            if ranked and len(values) > _depth(places):
                return [at[end] for at in ranked]
            return [header for header in images if read(header) == wanted]
    return images


def _ranked(places: Sequence[Sequence[ImageHeader]], key: str) -> list[list[ImageHeader]] | None:
    """Sort whole, equally deep places by a time that goes on from slice to slice; None if it does not."""
    depth = _depth(places)
    found = [[_READ[key](header) for header in at] for at in places]
    if any(len(at) != depth or None in at or len(set(at)) != depth for at in found):
        return None
    return [sorted(at, key=lambda header: float(_READ[key](header) or 0)) for at in places]


def _told_apart(places: Sequence[Sequence[ImageHeader]]) -> dict[str, list[ImageHeader]] | None:
    """Return the volumes by name, told apart by as few elements as do; None where nothing does."""
    depth = _depth(places)
    for size in (1, 2, 3):
        for keys in combinations(_READ, size):
            named = [[(_name(keys, header), header) for header in at] for at in places]
            found = _collected(named)
            alone = all(len({name for name, _ in at}) == len(at) for at in named)
            if alone and len(found) == depth:
                return found
    for key in _TIMES:
        ranked = _ranked(places, key)
        if ranked:
            numbered = ([(f"{key} in order, {n}", h) for n, h in enumerate(at, 1)] for at in ranked)
            return _collected(numbered)
    return None


def _name(keys: Sequence[str], header: ImageHeader) -> str:
    return ", ".join(f"{key} {_READ[key](header)}" for key in keys)


def _collected(
    named: Iterable[Sequence[tuple[str, ImageHeader]]],
) -> dict[str, list[ImageHeader]]:
    found: dict[str, list[ImageHeader]] = {}
    for at in named:
        for name, header in at:
            found.setdefault(name, []).append(header)
    return found


def _largest(places: Sequence[Sequence[ImageHeader]]) -> list[ImageHeader] | Finding:
    found = sorted((_told_apart(places) or {}).values(), key=len, reverse=True)
    if len(found) < 2 or len(found[0]) < len(places) or len(found[1]) == len(found[0]):
        return _ambiguous(places)
    return found[0]


def _ambiguous(places: Sequence[Sequence[ImageHeader]]) -> Finding:
    images = sum(map(len, places))
    found = _told_apart(places)
    if found is None:
        message = f"{images} images lie at {len(places)} places and nothing tells them apart"
        return Finding(Reason.DUPLICATE_POSITIONS, message)
    listed = "; ".join(f"{name}: {len(members)}" for name, members in found.items())
    message = f"{images} images at {len(places)} places are {len(found)} volumes ({listed})"
    return Finding(Reason.AMBIGUOUS_VOLUME, message)

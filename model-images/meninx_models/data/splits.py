"""Who trains, who chooses, who is held out: by subject, and never the same picture in two."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from meninx_models.config import Split
from meninx_models.data.layouts import DataUnusable
from meninx_models.data.pairs import Looked

NAMES = ("train", "validation", "test")
Splits = dict[str, tuple[str, ...]]
"""Names of the cases of each split."""


def draw_splits(looked: Sequence[Looked], split: Split, seed: int) -> Splits:
    """Deal subjects out by the seed alone, those with a lesion and those without apart.

    What shows the same picture stays together. Raises DataUnusable with too few subjects.
    """
    groups = _groups(looked)
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    ill_cases = {item.case for item in looked if item.lesion_ml}
    ill = [name for name in order if ill_cases & set(groups[name])]
    if len(ill) < len(NAMES):
        raise DataUnusable(
            f"{len(ill)} subjects have a lesion: three at least are needed, one for each of "
            + ", ".join(NAMES)
        )
    dealt = [_deal(ill, split, least=1), _deal([n for n in order if n not in ill], split, least=0)]
    return {
        name: tuple(sorted(case for part in dealt for group in part[n] for case in groups[group]))
        for n, name in enumerate(NAMES)
    }


def _deal(names: Sequence[str], split: Split, *, least: int) -> tuple[Sequence[str], ...]:
    test = max(least, round(split.test * len(names)))
    validation = max(least, round(split.validation * len(names)))
    rest = max(least, len(names) - test - validation)
    return names[:rest], names[rest : len(names) - test], names[len(names) - test :]


def _groups(looked: Sequence[Looked]) -> dict[str, list[str]]:
    """Return cases by subject; subjects that share a picture are one group."""
    parents: dict[str, str] = {}
    pictures: dict[str, str] = {}
    for item in looked:
        here = _root(parents, item.subject)
        there = _root(parents, pictures.setdefault(item.pixels_sha256, item.subject))
        parents[max(here, there)] = min(here, there)
    groups = defaultdict(list)
    for item in looked:
        groups[_root(parents, item.subject)].append(item.case)
    return dict(groups)


def _root(parents: dict[str, str], name: str) -> str:
    while parents.setdefault(name, name) != name:
        name = parents[name]
    return name


def read_splits(path: Path, looked: Sequence[Looked]) -> Splits:
    """Read given splits of cases or subjects. Raises DataUnusable when they don't fit the data."""
    try:
        given = json.loads(path.read_text())
        wanted = {name: set(map(str, given[name])) for name in NAMES}
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnusable(f"{path.name}: give train, validation and test as lists") from error
    known = {item.case for item in looked} | {item.subject for item in looked}
    unknown = sorted(set().union(*wanted.values()) - known)
    if unknown:
        raise DataUnusable(f"{path.name} names what can't be used", names=", ".join(unknown[:10]))
    splits = {
        name: tuple(i.case for i in looked if i.case in names or i.subject in names)
        for name, names in wanted.items()
    }
    bare = [name for name, cases in splits.items() if not cases]
    if bare:
        raise DataUnusable(f"{path.name}: nobody is in {', '.join(bare)}")
    return splits


def leaks(splits: Mapping[str, Sequence[str]], looked: Sequence[Looked]) -> list[str]:
    """Return each case, subject or picture that is in more than one split."""
    places: dict[str, set[str]] = defaultdict(set)
    by_case = {item.case: item for item in looked}
    for name, cases in splits.items():
        for case in cases:
            places[f"case {case}"].add(name)
            places[f"subject {by_case[case].subject}"].add(name)
            places[f"the picture of {_first_with(by_case[case], looked)}"].add(name)
    return [
        f"{what} is in {' and '.join(n for n in NAMES if n in names)}"
        for what, names in sorted(places.items())
        if len(names) > 1
    ]


def _first_with(one: Looked, looked: Sequence[Looked]) -> str:
    return next(item.case for item in looked if item.pixels_sha256 == one.pixels_sha256)

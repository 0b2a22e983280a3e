"""The data report: everything that is known of a data set before training, as files."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from meninx_models.config import Data
from meninx_models.data.layouts import Case, DataUnusable, find_cases
from meninx_models.data.pairs import Labels, Looked, Problem, look, sha256_of_cases, unmade
from meninx_models.data.splits import NAMES, Splits, draw_splits, leaks, read_splits

REPORT_FILE = "data-report.json"
TEXT_FILE = "data-report.txt"
SPLITS_FILE = "splits.json"


@dataclass(frozen=True)
class Measured:
    """A data set as it was found: the report's content, and the cases that can be used."""

    layout: str
    labels: Labels
    looked: tuple[Looked, ...]
    problems: tuple[Problem, ...]
    splits: Splits


def measure(folder: Path, data: Data, seed: int) -> Measured:
    """Look at every pair and deal out the splits. Raises DataUnusable."""
    layout, cases = find_cases(folder, data.subject)
    labels = Labels(data.lesion or layout.lesion, data.background or layout.background)
    seen = [look(case, labels) for case in cases]
    looked = tuple(item for item in seen if isinstance(item, Looked))
    never = unmade(folder)
    problems = (*(item for item in seen if isinstance(item, Problem)), *never)
    if problems and (data.broken == "refuse" or not looked):
        raise _refusal(problems, len(cases) + len(never))
    given = folder / SPLITS_FILE
    known = given.is_file()
    splits = read_splits(given, looked) if known else draw_splits(looked, data.split, seed)
    leaking = leaks(splits, looked)
    if leaking:
        raise DataUnusable("the splits leak", names="; ".join(leaking[:10]))
    measured = Measured(layout.name, labels, looked, problems, splits)
    if not any(item.lesion_ml for item in in_split(measured, "train")):
        raise DataUnusable("no head of the training split has a lesion: there is nothing to learn")
    return measured


def _refusal(problems: Sequence[Problem], count: int) -> DataUnusable:
    lines = [f"{item.case}: {item.reason}: {item.message}" for item in problems[:20]]
    more = f"\n... and {len(problems) - 20} more" if len(problems) > 20 else ""
    kinds = Counter(item.reason for item in problems).most_common()
    said = ", ".join(f"{number} {reason}" for reason, number in kinds)
    return DataUnusable(
        f"{len(problems)} of {count} pairs can't be used ({said}); mend them, or set data.broken "
        "to skip",
        names="\n" + "\n".join(lines) + more,
    )


def in_split(measured: Measured, name: str) -> list[Looked]:
    """Return the cases of a split."""
    names = set(measured.splits[name])
    return [item for item in measured.looked if item.case in names]


def write_report(folder: Path, measured: Measured) -> None:
    """Write the report as JSON and as a short text, and the splits."""
    content = {
        "layout": measured.layout,
        "labels": asdict(measured.labels),
        "summary": _summary(measured),
        "problems": [asdict(item) for item in measured.problems],
        "splits": measured.splits,
        "sha256": {name: sha256_of_cases(in_split(measured, name)) for name in NAMES},
        "cases": [asdict(item) for item in measured.looked],
    }
    _write(folder / SPLITS_FILE, json.dumps(measured.splits, indent=1) + "\n")
    _write(folder / TEXT_FILE, report_text(measured))
    _write(folder / REPORT_FILE, json.dumps(content, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text)
    aside.replace(path)


def read_report(folder: Path) -> Measured | None:
    """Read the report of a run that has begun, or None."""
    path = folder / REPORT_FILE
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    return Measured(
        content["layout"],
        Labels(*(tuple(content["labels"][name]) for name in ("lesion", "background"))),
        tuple(_looked(item) for item in content["cases"]),
        tuple(Problem(**item) for item in content["problems"]),
        {name: tuple(cases) for name, cases in content["splits"].items()},
    )


def _looked(item: Mapping[str, Any]) -> Looked:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}
    return Looked(**values)


def cases_of(folder: Path, measured: Measured, data: Data) -> dict[str, Case]:
    """Return where the report's cases lie. Raises DataUnusable when one is gone."""
    _, cases = find_cases(folder, data.subject)
    found = {case.name: case for case in cases}
    gone = [item.case for item in measured.looked if item.case not in found]
    if gone:
        raise DataUnusable("cases of the data report are gone", names=", ".join(gone[:10]))
    return found


def _summary(measured: Measured) -> dict[str, Any]:
    looked = measured.looked
    volumes = [item.lesion_ml for item in looked if item.lesion_ml]
    return {
        "cases": len(looked),
        "subjects": len({item.subject for item in looked}),
        "broken": len(measured.problems),
        "healthy": sum(not item.lesion_ml for item in looked),
        "shapes": _counted("x".join(map(str, item.shape)) for item in looked),
        "orientations": _counted(item.orientation for item in looked),
        "spacing_mm": _range([value for item in looked for value in item.spacing_mm]),
        "most_anisotropic": max(max(i.spacing_mm) / min(i.spacing_mm) for i in looked),
        "intensity_median": _range([item.intensity[2] for item in looked]),
        "intensity_99": _range([item.intensity[3] for item in looked]),
        "lesion_ml": _range(volumes) if volumes else None,
        "lesions": sum(item.lesions for item in looked),
        "same_picture": _doubles(looked),
    }


def _counted(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common(12))


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"least": min(values), "median": median(values), "greatest": max(values)}


def _doubles(looked: Sequence[Looked]) -> list[list[str]]:
    pictures: dict[str, list[str]] = {}
    for item in looked:
        pictures.setdefault(item.pixels_sha256, []).append(item.case)
    return [cases for cases in pictures.values() if len(cases) > 1]


def report_text(measured: Measured) -> str:
    """Return the report in a few lines for a person."""
    facts = _summary(measured)
    spacing, lesion = facts["spacing_mm"], facts["lesion_ml"]
    lines = [
        f"{facts['cases']} cases of {facts['subjects']} subjects, laid out as {measured.layout}; "
        f"{facts['healthy']} without a lesion; {facts['broken']} broken.",
        f"Voxel edges {spacing['least']:g} to {spacing['greatest']:g} mm; orientations "
        + ", ".join(f"{name} {count}" for name, count in facts["orientations"].items()) + ".",
        f"Lesions: {facts['lesions']}"
        + (f", {lesion['least']:g} to {lesion['greatest']:g} mL a head" if lesion else "") + ".",
        "Splits: " + ", ".join(f"{name} {len(measured.splits[name])}" for name in NAMES)
        + "; no subject and no picture is in two.",
    ]  # fmt: skip
    lines += [f"The same picture: {', '.join(cases)}." for cases in facts["same_picture"]]
    lines += [f"Broken: {p.case}: {p.reason}: {p.message}." for p in measured.problems]
    return "\n".join(lines) + "\n"

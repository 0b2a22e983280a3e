"""`measure`: exported weights on a data set with labels, on the engine that would be used here."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from meninx_models.data.layouts import Case, DataUnusable, find_cases
from meninx_models.data.pairs import Labels, Looked, look, sha256_of_cases
from meninx_models.evaluate.heldout import quality_of, score_cases
from meninx_models.evaluate.predict import from_files
from meninx_models.evaluate.summary import report_of

EVALUATION_FILE = "evaluation.json"
EXIT_DONE, EXIT_UNUSABLE = 0, 65


def measure(weights: Path, data: Path, out: Path, split: str | None = None) -> int:
    """Score every case, or those of one split, and write evaluation.json; return the exit code."""
    try:
        labels, pairs = usable(data, split)
    except DataUnusable as refusal:
        print(f"{refusal.reason}: {refusal}", file=sys.stderr)  # noqa: T201 - the command's log
        return EXIT_UNUSABLE
    facts, found_on = from_files(weights, os.environ)
    cases = [case for case, _ in pairs]
    bar = tqdm(score_cases(found_on, cases, labels.lesion), total=len(cases), unit="head")
    report = report_of(list(bar))
    quality = quality_of(report, sha256_of_cases([looked for _, looked in pairs]))
    content: dict[str, Any] = {
        "name": facts.name,
        "version": facts.version,
        "weights_sha256": facts.sha256,
        "quality": quality,
        **report,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / EVALUATION_FILE).write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(quality))  # noqa: T201 - the command's answer
    return EXIT_DONE


def usable(data: Path, split: str | None) -> tuple[Labels, list[tuple[Case, Looked]]]:
    """Return the pairs to measure on. Raises DataUnusable where one is broken, or there is none."""
    layout, cases = find_cases(data)
    labels = Labels(layout.lesion, layout.background)
    pairs = list(_looked_at(cases, labels))
    if split is not None:
        names = set(_splits(data)[split])
        pairs = [(c, looked) for c, looked in pairs if names & {c.name, c.subject}]
    if not pairs:
        raise DataUnusable(f"no case of {data} is in the split {split}")
    return labels, pairs


def _looked_at(cases: list[Case], labels: Labels) -> Iterator[tuple[Case, Looked]]:
    for case in cases:
        looked = look(case, labels)
        if not isinstance(looked, Looked):
            told = f"a case can't be used ({looked.reason})"
            raise DataUnusable(told, names=f"{looked.case}: {looked.message}")
        yield case, looked


def _splits(data: Path) -> dict[str, list[str]]:
    path = data / "splits.json"
    if not path.is_file():
        raise DataUnusable(f"{data} has no splits.json: copy that of the training run there")
    splits: dict[str, list[str]] = json.loads(path.read_text())
    return splits

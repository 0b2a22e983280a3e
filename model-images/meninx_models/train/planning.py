"""Plan, then run: the resolved plan and the data report are written before anything is trained.

No torch here: data that can't be used are refused within a second.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from meninx_models.config import Plan, read_plan, resolve
from meninx_models.data.layouts import Case, DataUnusable
from meninx_models.data.prepared import Prepared, prepare
from meninx_models.data.report import (
    Measured,
    cases_of,
    in_split,
    measure,
    read_report,
    write_report,
)
from meninx_models.infer.artefact import sha256_of
from meninx_models.train.telling import failure, in_pod, tell_end

PLAN_FILE, METRICS_FILE, WEIGHTS_FILE = "plan.resolved.yaml", "metrics.json", "weights/model.onnx"
REFUSED_FILE = "refused.txt"
EXIT_DONE, EXIT_UNUSABLE = 0, 65


@dataclass(frozen=True)
class Planned:
    """What a run is made of, read from its folder alone; the data set is only where pairs lie."""

    plan: Plan
    measured: Measured
    files: dict[str, Case]
    train: tuple[Prepared, ...]
    validation: tuple[Prepared, ...]


def look_first(plan: Path, data: Path, out: Path) -> int:
    """Write the resolved plan and the data report, and prepare the data; return the exit code."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_plan(read_plan(plan), out)
        if read_report(out) is None:
            known = read_resolved(out)
            write_report(out, measure(data, known.data, known.seed))
        read_planned(data, out)
    except (DataUnusable, ValueError, yaml.YAMLError) as refusal:
        return ended(refusal, EXIT_UNUSABLE, out)
    return EXIT_DONE


def told_again(out: Path) -> bool:
    """Say the end of a run once more where it has come; tell whether it has."""
    metrics, graph = out / METRICS_FILE, out / WEIGHTS_FILE
    if not (metrics.is_file() and graph.is_file()):
        return False
    content = json.loads(metrics.read_text())
    if content["weights_sha256"] != sha256_of(graph):
        return False
    tell_end(end_of(content))
    say(f"{out} holds a run that has ended: nothing is left to do")
    return True


def end_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the end of a run says: weights and their quality."""
    return {
        "weights": WEIGHTS_FILE,
        "sha256": metrics["weights_sha256"],
        "quality": metrics["quality"],
    }


def ended(refusal: Exception, code: int, out: Path) -> int:
    """Say why a run ends here, and return its exit code.

    In a pod the names of cases stay where the data are: its log and its end go elsewhere.
    """
    reason = getattr(refusal, "reason", "PlanUnusable")
    told = getattr(refusal, "told", str(refusal))
    if not in_pod():
        say(f"{reason}: {refusal}")
        return code
    if told != str(refusal):
        (out / REFUSED_FILE).write_text(f"{refusal}\n")
        told = f"{told}; {REFUSED_FILE} in the output folder names them"
    say(f"{reason}: {told}")
    tell_end(failure(reason, told))
    return code


def say(text: str) -> None:
    """Say something to a person: standard output is for the progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command's own log


def _write_plan(asked: Plan, out: Path) -> None:
    written = out / PLAN_FILE
    if not written.is_file():
        aside = written.with_name(f".{written.name}.part")
        aside.write_text(yaml.safe_dump(asked.model_dump(mode="json"), sort_keys=False))
        aside.replace(written)
    elif read_resolved(out) != asked:
        say(f"{out} has begun with another plan: it goes on with that, {written.name}")


def read_resolved(out: Path) -> Plan:
    """Read the plan that a run began with."""
    return resolve(yaml.safe_load((out / PLAN_FILE).read_text()))


def read_planned(data: Path, out: Path) -> Planned:
    """Return what is trained on, from plan and data report alone. Raises DataUnusable."""
    plan, measured = read_resolved(out), read_report(out)
    if measured is None:
        raise DataUnusable(f"the data report is gone from {out}")
    files = cases_of(data, measured, plan.data)

    def of(split: str) -> tuple[Prepared, ...]:
        pairs = [(files[item.case], item) for item in in_split(measured, split)]
        return tuple(prepare(out / "prepared", plan, measured.labels, pairs))

    return Planned(plan, measured, files, of("train"), of("validation"))

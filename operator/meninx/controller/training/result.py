"""What a training says: the last line of its log, and the message that it ends with (pure)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from meninx.controller.job.chain import told
from meninx.controller.job.steps import by_age, read_steps
from meninx.resources.aimodel import Quality
from meninx.resources.trainingjob import Progress, TrainingJob, TrainingResult

Manifest = Mapping[str, Any]

_MEASURED = frozenset(
    field.alias or name for name, field in Quality.model_fields.items() if name != "measured_by"
)
_SHOWN = frozenset(field.alias or name for name, field in Progress.model_fields.items())


@dataclass(frozen=True)
class NoResult:
    """Why the result can't be had."""

    detail: str
    seen: bool
    """False where the pod is gone: started again, the training says it once more."""


def progress_of(log: str) -> dict[str, Any] | None:
    """Return the newest progress among the last lines of a log; None where no line tells any."""
    for line in reversed(log.splitlines()):
        said = _object(line)
        if said is None or "epoch" not in said:
            continue
        try:
            known = Progress.model_validate({k: v for k, v in said.items() if k in _SHOWN})
        except ValidationError:
            continue
        return known.manifest()
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        said = json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def result_of(job: TrainingJob, pods: Sequence[Manifest]) -> TrainingResult | NoResult:
    """Return what a training that ended well has made, by its pod's last word."""
    done = [pod for pod in by_age(pods) if all(step.succeeded for step in read_steps(pod))]
    if not done:
        return NoResult("Its pod is gone.", seen=False)
    said = _object(read_steps(done[-1])[-1].message)
    if said is None:
        return NoResult("It ended with exit code 0 and without a result.", seen=True)
    if not _inside(said.get("weights")):
        return NoResult("Its result names no file below its output folder.", seen=True)
    try:
        return _read(job, said)
    except ValidationError as error:
        return NoResult(f"Its result can't be read: {told(error)}.", seen=True)


def _read(job: TrainingJob, said: Mapping[str, Any]) -> TrainingResult:
    claim = job.spec.output.volume_claim
    quality = said.get("quality")
    measured = quality if isinstance(quality, Mapping) else {}
    kept = {key: value for key, value in measured.items() if key in _MEASURED}
    folder = "/".join(part for part in (claim.claim_name, claim.path) if part)
    return TrainingResult.model_validate(
        {
            "weights": f"pvc://{folder}/{quote(str(said.get('weights')))}",
            "sha256": said.get("sha256"),
            "quality": {**kept, "measuredBy": job.metadata.name},
        }
    )


def _inside(path: object) -> bool:
    """Tell whether a path leads to something below the output folder."""
    return isinstance(path, str) and not {"", ".", ".."} & set(path.split("/"))

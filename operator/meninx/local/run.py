"""The whole path of a study in one process: choose, prepare, model, compose, files for a person."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from meninx.base.clock import Clock, to_rfc3339
from meninx.base.errors import MeninxError, Rejected
from meninx.imaging import preview
from meninx.imaging.nifti import read_nifti, write_nifti
from meninx.local.choice import Choice, choose_series
from meninx.local.model_process import run_model
from meninx.local.models import LocalModel
from meninx.resources.names import digest
from meninx.resources.task import Task
from meninx.steps import contract
from meninx.steps.deliver import encode
from meninx.steps.folder import read_study
from meninx.steps.prepare import PreparedInput, prepare
from meninx.steps.result import ModelResult, compose_result
from meninx.steps.workspace import Workspace, write_json

SEG_FILE = "segmentation.dcm"
SR_FILE = "sr.dcm"
NIFTI_FILE = "segmentation.nii.gz"
PREVIEW_FILE = "preview.png"
FILES = (SEG_FILE, SR_FILE, NIFTI_FILE, PREVIEW_FILE, contract.RESULT_FILE)
WARNING = preview.WARNING


@dataclass
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 3)


@dataclass(frozen=True, eq=False)
class Run:
    """A local run that came to a result."""

    choice: Choice
    document: Mapping[str, Any]
    """What result.json holds."""


def run_study(study_folder: Path, model: LocalModel, out: Path, *, clock: Clock) -> Run:
    """Run a model on a folder's study and write its results to `out`.

    An earlier run's files there are removed first. Where there is no result, result.json holds
    the reason and the error is raised.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (out / name).unlink(missing_ok=True)
    document: dict[str, Any] = {"warning": WARNING, "model": _facts(model)}
    document["startedAt"] = to_rfc3339(clock.now())
    watch = _Stopwatch()
    try:
        choice = _run(study_folder, model, out, clock=clock, watch=watch, document=document)
    except MeninxError as error:
        document["error"] = _said(error)
        raise
    finally:
        document["seconds"] = watch.seconds
        write_json(out / contract.RESULT_FILE, document)
    return Run(choice, document)


def _run(
    study_folder: Path,
    model: LocalModel,
    out: Path,
    *,
    clock: Clock,
    watch: _Stopwatch,
    document: dict[str, Any],
) -> Choice:
    with watch.stage("choose"):
        study = read_study(study_folder)
        choice = choose_series(study, model.manifest)
        document["choice"] = choice.document()
        task = _task(choice, model)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=out) as folder:
        workspace = Workspace.under(Path(folder))
        with watch.stage("prepare"):
            prepared = prepare(study.files(), task.channels, workspace.input, workspace.source)
        with watch.stage("model"):
            run_model(model, workspace)
        with watch.stage("compose"):
            result = compose_result(task, workspace, now=clock.now())
        with watch.stage("write"):
            document |= _findings(result, workspace)
            _write(result, prepared, model, out)
    return choice


def _task(choice: Choice, model: LocalModel) -> Task:
    channels = choice.channels()
    inputs = [f"{channel.name}={channel.series}={channel.volume}" for channel in channels]
    uid = digest("local", choice.study.study_instance_uid, model.name, *inputs)
    return Task(
        namespace="local",
        job="local",
        job_uid=uid,
        study=choice.study.study_instance_uid,
        channels=channels,
        model=model.task_model(),
    )


def _write(result: ModelResult, prepared: PreparedInput, model: LocalModel, out: Path) -> None:
    made, grid = result.composed, result.source.stack.grid
    if made.seg is not None:
        (out / SEG_FILE).write_bytes(encode(made.seg))
    (out / SR_FILE).write_bytes(encode(made.sr))
    write_nifti(out / NIFTI_FILE, result.labels, grid)
    volume, _ = read_nifti(prepared.channels[0].file)
    largest = max(made.measures, key=lambda one: one.largest_ml)
    preview.write_preview(
        out / PREVIEW_FILE,
        np.asarray(volume, dtype=np.float32),
        result.labels,
        grid,
        centre=largest.centre,
        caption=f"{_title(model)}: {volumes(made.results.manifest())}",
    )


def volumes(document: Mapping[str, Any]) -> str:
    """Say in words what was found, from the manifest of Results or from result.json."""
    if not document["findings"]:
        return "nothing found"
    return ", ".join(
        f"{label['name']} {label['volumeMl']:.2f} mL ({_parts(label['components'])})"
        for label in document["labels"]
    )


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"


def _findings(result: ModelResult, workspace: Workspace) -> dict[str, Any]:
    said = result.composed.results.manifest()
    own = workspace.output / contract.RESULT_FILE
    if own.is_file():
        said["modelSays"] = _json(own)
    return said


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _title(model: LocalModel) -> str:
    spec = model.manifest.spec
    return f"{spec.title or model.name} {spec.version}"


def _facts(model: LocalModel) -> dict[str, Any]:
    spec = model.manifest.spec
    return {
        "name": model.name,
        "version": spec.version,
        "image": spec.image,
        "weightsSha256": spec.weights.sha256 if spec.weights else None,
    }


def _said(error: MeninxError) -> dict[str, str]:
    if isinstance(error, Rejected):
        return {"reason": str(error.reason), "message": error.message}
    return {"reason": type(error).__name__, "message": str(error)}

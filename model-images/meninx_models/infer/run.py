"""The command of the image: one head in, one label map and one result out, by the contract."""

import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError

from meninx_models import contract
from meninx_models.contract import EngineDiffers, NotFinite, NotForModel
from meninx_models.infer.artefact import GRAPH_FILE, Facts, read_facts, sha256_of
from meninx_models.infer.engine import Engine, open_engine
from meninx_models.infer.found import memory_limit
from meninx_models.infer.motion import ANY_MOTION_ENV
from meninx_models.infer.plausible import ANY_CONTRAST_ENV, check_facts, study_facts
from meninx_models.infer.predict import Mode, mode_of
from meninx_models.infer.segment import Segmented, Stopwatch, probability_map, segment
from meninx_models.preprocess import BOX, Affine, Volume

PROBABILITY_ENV = "MENINX_PROBABILITY"
"""1: write the probability map beside the label map."""


@dataclass(frozen=True)
class Starting:
    """An engine that is still being loaded: who asks it for probabilities waits."""

    engine: Future[Engine]

    def probabilities(self, window: Volume, /) -> Volume:
        """Return the probability of lesion for each voxel; valid until the next call."""
        return self.engine.result().probabilities(window)


def input_folders(environment: Mapping[str, str]) -> list[Path]:
    """Return where channels are looked for: the input, then what was fetched for the job."""
    named = (environment.get(name) for name in (contract.INPUT_ENV, contract.STUDY_ENV))
    return [Path(folder) for folder in named if folder]


def read_channel(folders: Sequence[Path], channel: str) -> tuple[Volume, Affine]:
    """Read a channel's NIfTI. Raises NotForModel when it is missing or can't be read."""
    for folder, ending in itertools.product(folders, (".nii", ".nii.gz")):
        path = folder / f"{channel}{ending}"
        if path.is_file():
            try:
                image = nibabel.load(path)
                values = np.asarray(image.dataobj, dtype=np.float32)
            except (ImageFileError, OSError, ValueError) as error:
                raise NotForModel(f"{path.name} can't be read as NIfTI: {error}") from error
            return values, np.asarray(image.affine, dtype=np.float64)
    raise NotForModel(f"no {channel}.nii in the input folder")


def run(weights: Path, environment: Mapping[str, str]) -> int:
    """Do one job; return the contract's exit code.

    The graph is the one that was brought for the job, else the image's own in `weights`.
    """
    target = Path(environment[contract.OUTPUT_ENV])
    target.mkdir(parents=True, exist_ok=True)
    brought = environment.get(contract.WEIGHTS_ENV)
    graph = Path(brought or weights / GRAPH_FILE)
    # what a result says of itself must be what ran, not what was exported
    facts = replace(read_facts(weights), sha256=sha256_of(graph))
    if _asked(environment, ANY_CONTRAST_ENV):
        facts = replace(facts, contrast=None)
    mode = mode_of(facts.window, environment, memory_limit())
    watch = Stopwatch()
    with ThreadPoolExecutor(1) as aside:
        # the engine starts on one core while the head is read and resampled on another
        starting = aside.submit(_start, weights, environment, graph, mode)
        try:
            folders = input_folders(environment)
            check_facts(study_facts(folders, contract.CHANNEL))
            image, affine = read_channel(folders, contract.CHANNEL)
            watch.mark("read")
            done = segment(
                Starting(starting), facts, image, affine,
                mode=mode, any_motion=_asked(environment, ANY_MOTION_ENV),
            )  # fmt: skip
            engine = starting.result()
        except (NotForModel, NotFinite, EngineDiffers) as refusal:
            failure = {"reason": refusal.reason, "message": str(refusal)}
            _write_json(target, {"model": asdict(facts), "failure": failure})
            print(f"{refusal.reason}: {refusal}", file=sys.stderr)  # noqa: T201 - the pod's log
            return refusal.exit_code
    nibabel.save(nibabel.Nifti1Image(done.labels, affine), target / contract.SEGMENTATION_FILE)
    if _asked(environment, PROBABILITY_ENV):
        share = probability_map(done, affine)
        nibabel.save(nibabel.Nifti1Image(share, affine), target / contract.PROBABILITY_FILE)
    watch.mark("segment_and_write")
    result = _result(facts, engine, done, affine) | {"seconds": {**watch.seconds, **done.seconds}}
    _write_json(target, result)
    print(_said(result))  # noqa: T201 - the pod's log
    return contract.EXIT_DONE


def _asked(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "") not in {"", "0"}


def _start(weights: Path, environment: Mapping[str, str], graph: Path, mode: Mode) -> Engine:
    engine = open_engine(weights, environment, graph)
    engine.prepare(mode.window or BOX)
    return engine


def _result(facts: Facts, engine: Engine, done: Segmented, affine: Affine) -> dict[str, Any]:
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    volume = round(float(np.count_nonzero(done.labels)) * voxel_ml, 3)
    return {
        "model": asdict(facts),
        "engine": {**asdict(engine.choice), "checked": engine.checked},
        "mode": {"name": done.mode.name, **asdict(done.mode)},
        "measurements": {"meningioma": {"volume_ml": volume}},
        "uncertainty": asdict(done.uncertainty),
        "motion": None if done.motion is None else asdict(done.motion),
    }


def _said(result: Mapping[str, Any]) -> str:
    engine, sure = result["engine"], result["uncertainty"]
    unsure = f", uncertain: {sure['why']}" if sure["flagged"] else ""
    return (
        f"meningioma {result['measurements']['meningioma']['volume_ml']} mL{unsure}; "
        f"{engine['engine']} {engine['precision']} ({engine['reason']}), {result['seconds']}"
    )


def _write_json(folder: Path, content: dict[str, Any]) -> None:
    (folder / contract.RESULT_FILE).write_text(json.dumps(content, indent=2) + "\n")

"""The command of the image: one head in, one label map and one result out, by the contract."""

import itertools
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError

from meninx_models import contract
from meninx_models.contract import NotFinite, NotForModel
from meninx_models.infer.artefact import GRAPH_FILE, Facts, read_facts, sha256_of
from meninx_models.infer.engine import Engine, settings_from
from meninx_models.infer.postprocess import keep_plausible
from meninx_models.preprocess import Affine, Volume, from_canvas, to_canvas


@dataclass(frozen=True, eq=False)
class Segmented:
    """A label map on the input's grid, and how long each part took."""

    labels: npt.NDArray[np.uint8]
    seconds: dict[str, float]


def segment(engine: Engine, facts: Facts, image: Volume, affine_ras: Affine) -> Segmented:
    """Segment one head. Raises NotForModel or NotFinite."""
    marks = [time.monotonic()]
    canvas = to_canvas(image, affine_ras)
    marks.append(time.monotonic())
    share = engine.probabilities(canvas.values)
    marks.append(time.monotonic())
    kept = keep_plausible(
        share, canvas.values, threshold=facts.threshold, least_ml=facts.least_component_ml
    )
    labels = from_canvas(kept, canvas.affine_ras, affine_ras=affine_ras, shape=image.shape)
    marks.append(time.monotonic())
    parts = zip(("preprocess", "network", "postprocess"), marks, marks[1:], strict=False)
    return Segmented(labels, {name: round(end - begin, 3) for name, begin, end in parts})


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
    graph = Path(environment.get(contract.WEIGHTS_ENV) or weights / GRAPH_FILE)
    # what a result says of itself must be what ran, not what was exported
    facts = replace(read_facts(weights), sha256=sha256_of(graph))
    try:
        image, affine = read_channel(input_folders(environment), contract.CHANNEL)
        begun = time.monotonic()
        engine = Engine(graph, settings_from(dict(environment)))
        started = round(time.monotonic() - begun, 3)
        done = segment(engine, facts, image, affine)
    except (NotForModel, NotFinite) as refusal:
        failure = {"reason": refusal.reason, "message": str(refusal)}
        _write_json(target, {"model": asdict(facts), "failure": failure})
        print(f"{refusal.reason}: {refusal}", file=sys.stderr)  # noqa: T201 - the pod's log
        return refusal.exit_code
    nibabel.save(nibabel.Nifti1Image(done.labels, affine), target / contract.SEGMENTATION_FILE)
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    volume = round(float(np.count_nonzero(done.labels)) * voxel_ml, 3)
    result = {
        "model": asdict(facts),
        "measurements": {"meningioma": {"volume_ml": volume}},
        "seconds": {"compile": started, **done.seconds},
    }
    _write_json(target, result)
    print(f"meningioma {volume} mL, {result['seconds']}")  # noqa: T201 - the pod's log
    return contract.EXIT_DONE


def _write_json(folder: Path, content: dict[str, Any]) -> None:
    (folder / contract.RESULT_FILE).write_text(json.dumps(content, indent=2) + "\n")

"""Input that can be known to be none of the model's: refused with a reason, never answered."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from meninx_models.contract import NotForModel
from meninx_models.infer.postprocess import COARSE
from meninx_models.preprocess import BOX, VERTEX_ABOVE_CENTRE_MM, Volume

STUDY_FILE = "study.json"
GADOLINIUM = "gadolinium"
ANY_CONTRAST_ENV = "MENINX_ANY_CONTRAST"
"""1: don't look for enhancement (a sequence in which vessels stay dark)."""
ELSEWHERE = frozenset({
    "ABDOMEN", "ANKLE", "ARM", "BREAST", "CHEST", "CSPINE", "ELBOW", "EXTREMITY", "FEMUR", "FOOT",
    "HAND", "HEART", "HIP", "KNEE", "LEG", "LIVER", "LSPINE", "PELVIS", "PROSTATE", "SHOULDER",
    "SPINE", "TSPINE", "UTERUS", "WRIST",
})  # fmt: skip
"""Body Part Examined (PS3.16 annex L) that has no meninges of the head in it."""
LONGEST_ECHO_MS = 60.0
DEEP_MM, BELOW_VERTEX_MM = 20.0, 110.0
"""Where there is brain and no fat: so deep below the skin, and not at the skull base."""
BRIGHT = 1.4
"""Over white matter so many times: vessels, plexus and lesions after gadolinium."""
LEAST_BRIGHT_ML, LEAST_PEAK = 1.5, 1.4
WHITE_PERCENTILE, PEAK_PERCENTILE = 75.0, 99.8


def study_facts(folders: Sequence[Path], channel: str) -> Mapping[str, Any]:
    """Return the acquisition facts of a channel from study.json; none where it isn't there."""
    for folder in folders:
        path = folder / STUDY_FILE
        if path.is_file():
            for entry in json.loads(path.read_text()).get("channels", ()):
                if entry.get("name") == channel:
                    found: Mapping[str, Any] = entry.get("acquisition", {})
                    return found
    return {}


def check_facts(facts: Mapping[str, Any]) -> None:
    """Refuse by what the headers say. Raises NotForModel."""
    modality = str(facts.get("Modality") or "MR")
    if modality != "MR":
        raise NotForModel(f"the input is {modality}: this model is for MR")
    part = str(facts.get("BodyPartExamined") or "").upper().replace(" ", "")
    if part in ELSEWHERE:
        raise NotForModel(f"the input shows {part}: this model is for the head")
    echo = _number(facts.get("EchoTime"))
    if echo is not None and echo > LONGEST_ECHO_MS:
        raise NotForModel(f"the echo time is {echo:g} ms: T2-weighted; this model is for T1")


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def enhancement(box: Volume, depth_mm: Volume) -> tuple[float, float]:
    """Return what enhances deep in the upper head: mL, and its brightest over white matter.

    `box` is a head at 1 mm, `depth_mm` that of `head_depth_mm`. Raises NotForModel.
    """
    pairs = _pairs(box)
    repeated = depth_mm.repeat(COARSE // 2, 0).repeat(COARSE // 2, 1).repeat(COARSE // 2, 2)
    deep = repeated[tuple(slice(n) for n in pairs.shape)] >= DEEP_MM
    lowest = BOX[2] / 2 + VERTEX_ABOVE_CENTRE_MM - BELOW_VERTEX_MM
    deep[:, :, : int(lowest / 2)] = False
    brain = pairs[deep]
    if brain.size < 1000:
        raise NotForModel("no brain is below the surface of the object in the input")
    white, peak = (float(np.percentile(brain, p)) for p in (WHITE_PERCENTILE, PEAK_PERCENTILE))
    if white <= 0:
        raise NotForModel("no brain is below the surface of the object in the input")
    return float((brain > BRIGHT * white).sum()) * 8 / 1000, peak / white


def _pairs(box: Volume) -> Volume:
    """Return means of 2x2x2 voxels: noise counts less than vessels do."""
    x, y, z = (n // 2 * 2 for n in box.shape)
    even = box[:x, :y, :z].reshape(x // 2, 2, y // 2, 2, z // 2, 2)
    means: Volume = even.mean(axis=(1, 3, 5), dtype=np.float32)
    return means


def check_enhancement(box: Volume, depth_mm: Volume) -> None:
    """Refuse a head without contrast agent. Raises NotForModel."""
    bright_ml, peak = enhancement(box, depth_mm)
    if bright_ml < LEAST_BRIGHT_ML and peak < LEAST_PEAK:
        raise NotForModel(
            f"nothing in the head enhances ({bright_ml:.1f} mL over {BRIGHT:g} times white matter): "
            "no contrast agent; this model is for T1 after gadolinium "
            f"({ANY_CONTRAST_ENV}=1 if vessels stay dark in this sequence)"
        )

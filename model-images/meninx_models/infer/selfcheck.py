"""A stored window and the logits that eager torch gave for it: does this engine say the same here?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from meninx_models.infer.choice import Precision

CHECK_FILE = "check.npz"
EVERY = 3
"""Logits are kept for every third voxel: of each parity, so a wrong shuffle shows."""
F32_TOLERANCE, HEAD_TOLERANCE, HEAD_SHARE = 2e-3, 0.1, 0.01
"""Largest gap in float32: on a window, and on one as large as a head, where instance norm over millions of voxels
drifts by engine; there the mask is compared too."""
WINDOW_VOXELS = 128**3
"""Up to which size a window is one."""
LESS_TOLERANCE, LESS_SHARE = 0.05, 0.05
"""Below float32: largest gap as a share of the logits' range; flipped voxels of those that are lesion."""
Volume = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Check:
    """What an export leaves to be checked by."""

    window: Volume
    logits: Volume
    graph_sha256: str


def write_check(folder: Path, window: Volume, logits: Volume, graph_sha256: str) -> None:
    """Store a window (values that float16 holds exactly) and every third of its logits."""
    np.savez_compressed(
        folder / CHECK_FILE,
        window=window.astype(np.float16),
        logits=logits[::EVERY, ::EVERY, ::EVERY].astype(np.float32),
        graph_sha256=np.array(graph_sha256),
    )


def read_check(folder: Path, graph_sha256: str) -> Check | None:
    """Return the stored window if it belongs to this very graph."""
    path = folder / CHECK_FILE
    if not path.is_file():
        return None
    with np.load(path) as stored:
        if str(stored["graph_sha256"]) != graph_sha256:
            return None
        window = stored["window"].astype(np.float32)
        return Check(window, stored["logits"].astype(np.float32), graph_sha256)


def fault(check: Check, answer: Volume, precision: Precision) -> str:
    """Return what is wrong with an engine's logits for the stored window; empty where nothing is."""
    found = answer[::EVERY, ::EVERY, ::EVERY]
    if not np.isfinite(found).all():
        return f"{precision} gives values that are no numbers"
    gap = float(np.abs(found - check.logits).max())
    lesion = check.logits > 0
    flipped = int(((found > 0) != lesion).sum())
    if precision == "f32":
        return _fault_in_float32(check.window.size, gap, flipped, int(lesion.sum()))
    if gap > LESS_TOLERANCE * float(np.ptp(check.logits)):
        return f"{precision} moves logits by {gap:.2g}"
    if flipped > LESS_SHARE * max(int(lesion.sum()), 200):
        return f"{precision} flips {flipped} voxels of {int(lesion.sum())}"
    return ""


def _fault_in_float32(voxels: int, gap: float, flipped: int, lesion: int) -> str:
    if gap > f32_tolerance(voxels, F32_TOLERANCE):
        return f"logits differ by {gap:.2g}"
    if flipped > HEAD_SHARE * max(lesion, 200):
        return f"f32 flips {flipped} voxels of {lesion}"
    return ""


def f32_tolerance(voxels: int, on_a_window: float) -> float:
    """Return how far logits may be from eager torch's in float32, on a window of so many voxels."""
    return on_a_window if voxels <= WINDOW_VOXELS else HEAD_TOLERANCE

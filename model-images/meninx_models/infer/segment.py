"""One head through the network: from its own grid to the network's and back."""

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from meninx_models.infer.artefact import Facts
from meninx_models.infer.motion import Ghosts, check_motion, ghosts
from meninx_models.infer.plausible import GADOLINIUM, check_enhancement
from meninx_models.infer.postprocess import head_depth_mm, keep_plausible, occupied
from meninx_models.infer.predict import Looks, Mode, predict
from meninx_models.infer.uncertainty import Uncertainty, uncertainty, with_doubt
from meninx_models.preprocess import Affine, Canvas, Volume, from_canvas, resample, to_box


@dataclass
class Stopwatch:
    """Seconds since the last mark, by name."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    def mark(self, name: str) -> None:
        """Keep how long it took since the last mark."""
        now = time.monotonic()
        self.seconds[name] = round(now - self._last, 3)
        self._last = now


@dataclass(frozen=True, eq=False)
class Segmented:
    """A label map on the input's grid, how sure it is, and how long each part took."""

    labels: npt.NDArray[np.uint8]
    uncertainty: Uncertainty
    mode: Mode
    seconds: dict[str, float]
    share: Volume
    """Probabilities on the canvas, before post-processing."""
    canvas: Canvas
    motion: Ghosts | None = None
    """None: not looked at."""


def segment(
    engine: Looks,
    facts: Facts,
    image: Volume,
    affine_ras: Affine,
    *,
    mode: Mode | None = None,
    any_motion: bool = False,
) -> Segmented:
    """Segment one head. Raises NotForModel or NotFinite."""
    mode = mode or Mode(facts.window)
    watch = Stopwatch()
    canvas = to_box(image, affine_ras)
    watch.mark("preprocess")
    depth = head_depth_mm(canvas.values)
    if facts.contrast == GADOLINIUM:
        check_enhancement(canvas.values, depth)
    moved = None if any_motion else ghosts(image, affine_ras)
    doubt = "" if moved is None else check_motion(moved)
    watch.mark("plausible")
    found = predict(engine, canvas.values, mode, occupied(depth, canvas.values.shape))
    watch.mark("network")
    kept = keep_plausible(
        found.share, depth, threshold=facts.threshold, least_ml=facts.least_component_ml
    )
    labels = from_canvas(kept, canvas.affine_ras, affine_ras=affine_ras, shape=image.shape)
    sure = with_doubt(uncertainty(found, kept, threshold=facts.threshold), doubt)
    watch.mark("postprocess")
    return Segmented(labels, sure, mode, watch.seconds, found.share, canvas, moved)


def probability_map(done: Segmented, affine_ras: Affine) -> Volume:
    """Return the probability of lesion on the input's grid."""
    shape = done.labels.shape
    return resample(done.share, done.canvas.affine_ras, affine_ras, shape)

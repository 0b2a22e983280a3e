"""The same steps without a cluster: where there is none, and to see what a cluster adds."""

import sys
import time
from pathlib import Path

from tests.demo import overlay, study
from tests.demo.shell import BUILD, DemoFailed, run, say

LEAST_DICE = 0.75
MODEL = "unet-meningioma"


def run_local(seed: int) -> str:
    """Make a study, run the model on it, compare; return the last line of the demo."""
    say(f"making a phantom study, seed {seed}")
    phantom = study.new(seed, BUILD / "phantom")
    out = BUILD / "local"
    say(f"running {MODEL} on {len(phantom.files)} images")
    begin = time.monotonic()
    meninx = str(Path(sys.executable).with_name("meninx"))
    folder = str(phantom.folder / "dicom")
    run([meninx, "run", "--model", MODEL, "--out", str(out), folder])
    seconds = time.monotonic() - begin
    found = study.mask_of((out / "segmentation.dcm").read_bytes(), phantom)
    wanted, _ = study.truth(phantom)
    overlap = study.dice(found, wanted)
    title = f"{MODEL} on a phantom, Dice {overlap:.2f}"
    overlay.write(study.picture_path(), study.volume(phantom), found, wanted, title)
    if overlap < LEAST_DICE:
        raise DemoFailed(f"the segmentation misses the lesion: Dice {overlap:.2f}")
    return f"DEMO OK local model={MODEL} dice={overlap:.2f} seconds={seconds:.1f}"

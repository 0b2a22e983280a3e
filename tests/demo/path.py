"""The whole path on a cluster: hospital, Meninx, a study there, its segmentation back."""

import io

import pydicom
from tests.demo import hospital, images, install, overlay, study, watch
from tests.demo.local import LEAST_DICE
from tests.demo.shell import BUILD, DemoFailed, say
from tests.demo.target import Target


def run_path(target: Target, seed: int) -> str:
    """Do it and return the last line of the demo."""
    BUILD.mkdir(parents=True, exist_ok=True)
    hospital.build(target, images.ensure(target, images.HOSPITAL))
    install.install(target)
    say(f"making a phantom study, seed {seed}")
    phantom = study.new(seed, BUILD / "phantom")
    with hospital.pacs(target) as pacs:
        return _one_study(target, pacs, phantom)


def _one_study(target: Target, pacs: hospital.Pacs, phantom: study.Study) -> str:
    files = phantom.files
    folder = hospital.put(target, files)
    say(f"sending {len(files)} images with storescu")
    sent = hospital.send(target, folder, host=install.INGRESS)
    if sent.success != len(files):
        raise DemoFailed(f"{sent.success} of {len(files)} images were taken: {sent.said[-400:]}")
    arrived = watch.segmentation(target, pacs, phantom.uid)
    rest = _compare(pacs, phantom, arrived, arrived.at - sent.last_response)
    return f"DEMO OK study={watch.hash_of(target, phantom.uid)} {rest}"


def _compare(
    pacs: hospital.Pacs, phantom: study.Study, arrived: watch.Arrived, seconds: float
) -> str:
    seg = pacs.file(arrived.instance)
    (BUILD / "segmentation.dcm").write_bytes(seg)
    found = study.mask_of(seg, phantom)
    wanted, _ = study.truth(phantom)
    overlap = study.dice(found, wanted)
    title = f"segmentation from the PACS, Dice {overlap:.2f}"
    overlay.write(study.picture_path(), study.volume(phantom), found, wanted, title)
    if overlap < LEAST_DICE:
        raise DemoFailed(f"the segmentation misses the lesion: Dice {overlap:.2f}")
    uid = pydicom.dcmread(io.BytesIO(seg), stop_before_pixels=True).SOPInstanceUID
    return f"job={arrived.job} seg={uid} dice={overlap:.2f} seconds={seconds:.1f}"

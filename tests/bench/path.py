"""`make bench-path`: one study by stages, then what it costs; into build/bench/path.json."""

import sys
import time
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid
from tests.bench import costs, waterfall
from tests.bench.rows import Row, less_is_better, more_is_better, write
from tests.demo import hospital, images, install, study, watch
from tests.demo.shell import BUILD, DemoFailed, run, say
from tests.demo.target import Target, find

QUIET_SECONDS = 5.0
MANY = 1000


def main() -> int:
    """Measure on the cluster of the demo."""
    target, why = find()
    if target is None:
        print(f"no cluster, so no figures: {why}")
        return 3
    hospital.build(target, images.ensure(target, images.HOSPITAL))
    names = install.install(target)
    phantom = study.new(study.SEED, BUILD / "bench")
    rows = _one_study(target, phantom) + _many_images(target, phantom)
    rows.append(costs.memory_row(target, "deployment/meninx-operator", 200))
    rows += costs.image_rows(target, [names.meninx, names.unet])
    print(f"written to {write('path', rows)}")
    return 0


def _one_study(target: Target, phantom: study.Study) -> list[Row]:
    folder = hospital.put(target, phantom.files)
    say(f"sending {len(phantom.files)} images")
    with hospital.pacs(target) as pacs:
        sent = hospital.send(target, folder, host=install.INGRESS)
        arrived = watch.segmentation(target, pacs, phantom.uid)
    times = waterfall.Times(sent.last_response, QUIET_SECONDS, arrived.at)
    ends = waterfall.stages(target, arrived.job, times)
    print(waterfall.picture(ends))
    floor = QUIET_SECONDS + _local_seconds(phantom)
    whole = ends["delivered"] - ends["received"]
    beside = ("quiet period + meninx run", floor)
    return [*waterfall.rows(ends), less_is_better("path.total_beside_local", whole, "s", beside)]


def _local_seconds(phantom: study.Study) -> float:
    """Time the same work in one process, without cluster, network or PACS."""
    start = time.monotonic()
    meninx = str(Path(sys.executable).with_name("meninx"))
    out = str(phantom.folder / "out")
    run([meninx, "run", "--model", "unet-meningioma", "--out", out, str(phantom.folder / "dicom")])
    return time.monotonic() - start


def _many_images(target: Target, phantom: study.Study) -> list[Row]:
    """Send a large study to the ingress and, from the same scanner, to Orthanc."""
    folder = hospital.put(target, _copies(phantom, MANY))
    rates = {}
    for name, called, host, port in (
        ("ingress", "MENINX", install.INGRESS, 11112),
        ("orthanc", "PACS", hospital.PACS["host"], hospital.PACS["port"]),
    ):
        say(f"sending {MANY} images to {name}")
        start = time.time()
        sent = hospital.send(target, folder, called=called, host=str(host), port=int(str(port)))
        if sent.success != MANY:
            raise DemoFailed(f"{name} took {sent.success} of {MANY}: {sent.said[-300:]}")
        rates[name] = MANY / (sent.last_response - start)
    beside = ("Orthanc, same scanner", rates["orthanc"])
    return [
        more_is_better("path.ingest_images_per_second", rates["ingress"], "images/s", beside),
        costs.memory_row(target, "statefulset/meninx-ingress", 400),
    ]


def _copies(phantom: study.Study, count: int) -> list[Path]:
    """Return a study of its own with many images, of a series that no route takes."""
    folder = phantom.folder / "many"
    folder.mkdir(parents=True, exist_ok=True)
    template = pydicom.dcmread(phantom.files[len(phantom.files) // 2])
    template.StudyInstanceUID, template.SeriesInstanceUID = generate_uid(None), generate_uid(None)
    template.SeriesDescription, template.Modality = "LOAD", "OT"
    paths = []
    for number in range(count):
        template.InstanceNumber = number + 1
        template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = generate_uid(None)
        path = folder / f"{number:04}.dcm"
        template.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


if __name__ == "__main__":
    sys.exit(main())

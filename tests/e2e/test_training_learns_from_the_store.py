"""A training on a real cluster that learns from segmentations in the store: whose, of what, and who may read."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from tests.demo import images, watch
from tests.e2e import studies
from tests.e2e.site import NAMESPACE, Site
from tests.e2e.test_training_becomes_the_current_version import (
    CLAIM,
    HEAD,
    TRY,
    School,
    _head,
    _places,
    _volume,
    until,
)
from tests.support.identity import PATIENT_ID, PATIENT_NAME
from tests.support.segmentations import drawn

from meninx.kube.kinds import AIMODEL, TRAININGJOB

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400, func_only=True)]

FROM_STORE, PROBE = "e2e-train-store", "e2e-train-store-probe"
PAIRS = 5
QUIET_SECONDS = 150
"""The longest that a study without a route takes to be whole: the chart's quiet period, and a turn."""


def _described(mark: str) -> dict[str, Any]:
    """Return what finds the images of this run alone in a store that others use too."""
    require = {"all": [{"attribute": "SeriesDescription", "equals": mark}]}
    store = {
        "segments": [{"label": "Meningioma"}],
        "series": {"require": require, "minSlices": 8},
    }
    return {"store": store}


def _study(site: Site, mark: str) -> list[Dataset]:
    made = list(studies.make(site, mark).images)
    patient = f"{PATIENT_ID}-{uuid.uuid4().hex[:6]}"
    for image in made:
        image.SeriesDescription, image.PatientID = mark, patient
    return made


def _ball(series: list[Dataset]) -> np.ndarray:
    bright = [image.pixel_array == studies.BRIGHT for image in series]
    return np.stack(bright, axis=-1).transpose(1, 0, 2)


def _send(site: Site, mark: str) -> list[str]:
    """Send studies of five patients with a person's contour, one of a machine's, one that has a gap."""
    when = dt.datetime(2026, 1, 6, 9, tzinfo=dt.UTC)
    sent = []
    for number in range(PAIRS + 2):
        series = _study(site, mark)
        algorithm = "AUTOMATIC" if number == PAIRS else "MANUAL"
        seg = drawn(series, _ball(series), algorithm=algorithm, when=when)
        whole = number <= PAIRS
        studies.send(site, [*(series if whole else series[:9] + series[10:]), seg])
        sent.append(str(series[0].StudyInstanceUID))
    return sent


def _whole(site: Site, hashes: list[str]) -> bool:
    log = site.kubectl("logs", "statefulset/meninx-ingress", "--tail=2000")
    decided = {
        json.loads(line).get("study")
        for line in log.splitlines()
        if '"study decided"' in line and line.startswith("{")
    }
    return set(hashes) <= decided


@pytest.fixture(scope="module")
def school(site: Site) -> Iterator[School]:
    """Have the studies in the store, and two trainings that have ended: one learns, one looks around."""
    file, folder = "tests/e2e/training/Containerfile", "tests/e2e/training"
    base = (f"BASE={site.models['threshold']}",)
    image = images.ensure(site.target, images.Source("e2e-train", file, folder, (folder,), base))
    mark = f"e2e-{uuid.uuid4().hex[:8]}"
    hashes = [watch.hash_of(site.target, uid) for uid in _send(site, mark)]
    until("studies that are whole", lambda: _whole(site, hashes), QUIET_SECONDS)
    with _volume(site, image), _head(site):
        there = School(site, image)
        look = ["python", "-c", TRY, *_places(site)]
        there.begin(FROM_STORE, epochs=10, data=_described(mark))
        there.begin(PROBE, command=look, data=_described(mark))
        until("end of the probe", lambda: there.status(PROBE).get("finishedAt"), 180)
        try:
            yield there
        finally:
            for name in (FROM_STORE, PROBE):
                site.api.delete(TRAININGJOB, NAMESPACE, name)
                site.api.delete(AIMODEL, NAMESPACE, name)


def test_model_is_trained_on_what_persons_drew(school: School) -> None:
    status = school.end(FROM_STORE)
    assert status["data"] == {"pairs": PAIRS, "broken": 1, "passedOver": school_passed(status)}
    assert status["result"]["quality"]["dice"] > 0.9
    made = school.site.api.get(AIMODEL, NAMESPACE, FROM_STORE)
    assert made is not None
    assert made["spec"]["versionOf"] == {"name": HEAD}


def school_passed(status: dict[str, Any]) -> int:
    """Return how many were passed over: at least the machine's, and what other tests left there."""
    passed = int(status["data"]["passedOver"])
    assert passed >= 1
    return passed


LOOK = """
import json, os
made = json.load(open("dataset/sources.json"))
print(json.dumps({
    "cases": {name: len(of["image"]["sopInstanceUIDs"]) for name, of in made["cases"].items()},
    "broken": sorted({one["reason"] for one in made["broken"]}),
    "passedOver": sorted({one["reason"] for one in made["passedOver"]}),
    "files": os.listdir("dataset/images") + os.listdir("dataset/labels"),
}))
"""
"""The file itself is longer than what a pod may say at its end."""


def test_sources_lie_beside_the_pairs(school: School) -> None:
    school.end(FROM_STORE)
    said = school.look_into_volume(FROM_STORE, f"python -c '{LOOK}'")
    made = json.loads(said)
    assert list(made["cases"].values()) == [studies.COUNT] * PAIRS
    assert made["broken"] == ["MissingSlices"]
    assert "MachineMade" in made["passedOver"]
    assert sorted(made["files"]) == sorted(2 * [f"{name}.nii.gz" for name in made["cases"]])


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_neither_status_nor_log_names_a_case(school: School) -> None:
    school.end(FROM_STORE)
    (pod,) = school.pods(FROM_STORE)
    collected = school.site.kubectl("logs", pod["metadata"]["name"], "-c", "collect")
    resource = school.site.api.get(TRAININGJOB, NAMESPACE, FROM_STORE)
    said = collected + school.log(pod["metadata"]["name"]) + json.dumps([pod, resource])
    assert PATIENT_ID not in said
    assert str(PATIENT_NAME) not in said
    assert "_ses-" not in json.dumps([pod, resource])


@pytest.mark.rule("least-privilege")
def test_training_itself_has_no_credential_and_reaches_the_stores_port_alone(
    school: School,
) -> None:
    (pod,) = school.pods(PROBE)
    (container,) = pod["status"]["containerStatuses"]
    store = _places(school.site)[0]
    assert container["state"]["terminated"]["message"] == f"reached ['{store}'], token False"
    (train,) = pod["spec"]["containers"]
    assert "credential" not in {mount["name"] for mount in train["volumeMounts"]}
    assert CLAIM in json.dumps(pod["spec"]["volumes"])

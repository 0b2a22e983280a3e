"""A foreign package as it is, and studies that nobody sent here: from a PACS, from a volume."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.demo import hospital, images
from tests.e2e import studies
from tests.e2e.failing import CLAIMS, Failing, needs, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest, label
from tests.support.series import write_series

from meninx.kube.kinds import AIMODEL, DICOMNODE, INFERENCEJOB, POD, STUDYROUTE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]

NAME = "e2e-elsewhere"
NODE = "e2e-archive"
FOLDER = "batch/0001"
SELECTED = [{"name": "t1c", "selector": {"minSlices": 8}}]


@pytest.fixture(scope="module")
def package(site: Site) -> Iterator[str]:
    """Have an AIModel of a MONAI Application Package that was built to its specification."""
    base = images.ensure(site.target, images.MENINX)
    place = "tests/e2e/package"
    source = images.Source(
        "e2e-package", f"{place}/Containerfile", place, (place,), (f"BASE={base}",)
    )
    spec = {
        "image": images.ensure(site.target, source), "contract": "MAP", "version": "1.0.0",
        "channels": SELECTED, "resources": needs(0),
    }  # fmt: skip
    with made(site, f"{NAME}-package", spec) as name:
        yield name


@pytest.fixture(scope="module")
def model(site: Site) -> Iterator[str]:
    """Have an AIModel of our own contract."""
    spec = {
        "image": site.models["threshold"], "version": "1", "channels": SELECTED,
        "labels": [label()], "resources": needs(0),
    }  # fmt: skip
    with made(site, f"{NAME}-model", spec) as name:
        yield name


@contextmanager
def made(site: Site, name: str, spec: Manifest) -> Iterator[str]:
    """Have a model; its jobs go before it."""
    body = {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
    site.api.apply(AIMODEL, body, manager="e2e")
    try:
        yield name
    finally:
        for job in site.api.list(INFERENCEJOB, NAMESPACE):
            if (job["spec"].get("modelRef") or {}).get("name") == name:
                site.api.delete(INFERENCEJOB, NAMESPACE, job["metadata"]["name"])
        site.api.delete(AIMODEL, NAMESPACE, name)


def begin(site: Site, name: str, model: str, given: Manifest) -> Failing:
    """Make a job of a study that comes from `given`; its results go to the PACS."""
    spec = {
        "modelRef": {"name": model}, "input": given, "retries": 0,
        "destinations": [{"name": "pacs"}],
    }  # fmt: skip
    body = {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
    site.api.apply(INFERENCEJOB, body, manager="e2e")
    return Failing(site, name)


def of_patient(raw: bytes, study: studies.Study) -> Dataset:
    """Read a result, which must be of the study's own patient and refer to its own images."""
    result = pydicom.dcmread(io.BytesIO(raw))
    first = study.images[0]
    assert (result.PatientName, result.PatientID) == (first.PatientName, first.PatientID)
    series = {str(item.SeriesInstanceUID) for item in result.get("ReferencedSeriesSequence", ())}
    assert series <= {str(first.SeriesInstanceUID)}
    return result


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_package_of_monai_runs_unchanged_and_its_results_are_the_patients(
    site: Site, package: str
) -> None:
    with _route(site, package, "E2E-PACKAGE"):
        study = studies.make(site, "E2E-PACKAGE")
        studies.send(site, study.images)
        status = site.wait(study.hash, "Succeeded")["status"]
        (seg,), (report,) = (studies.in_pacs(site, study, kind) for kind in ("SEG", "SR"))
    found = of_patient(seg, study)
    assert found.SeriesDescription.endswith("(machine-made)")
    assert of_patient(report, study).VerificationFlag == "UNVERIFIED"
    assert status["results"]["findings"] == 1
    log = site.kubectl("logs", f"job/{status['jobName']}", "-c", "model")
    assert f"{studies.COUNT} images" in log


@contextmanager
def _route(site: Site, model: str, description: str) -> Iterator[None]:
    spec: dict[str, Any] = {
        "match": {"all": [{"attribute": "StudyDescription", "equals": description}]},
        "modelRef": {"name": model},
        "completeness": {"quietSeconds": 2},
        "destinations": [{"name": "pacs"}],
    }
    body = {"metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": spec}
    site.api.apply(STUDYROUTE, body, manager="e2e")
    try:
        yield
    finally:
        site.api.delete(STUDYROUTE, NAMESPACE, NAME)


def test_study_is_pulled_from_a_pacs_and_its_result_goes_back(site: Site, model: str) -> None:
    study = studies.make(site, "E2E-ARCHIVED")
    with TemporaryDirectory(prefix="meninx-e2e-") as folder:
        there = hospital.put(site.target, write_series(study.images, Path(folder)))
    sent = hospital.send(
        site.target, there, called="PACS", host=str(hospital.PACS["host"]), port=4242
    )
    assert sent.success == studies.COUNT
    archive = {**{k: v for k, v in hospital.PACS.items() if k != "name"}, "maySend": True}
    body = {"metadata": {"name": NODE, "namespace": NAMESPACE}, "spec": archive}
    site.api.apply(DICOMNODE, body, manager="e2e")
    try:
        asked = {"dicomNode": {"name": NODE, "studyInstanceUID": study.uid}}
        status = begin(site, f"{NAME}-pulled", model, asked).end()
        assert status["phase"] == "Succeeded", status
        (seg,) = studies.in_pacs(site, study, "SEG")
    finally:
        site.api.delete(DICOMNODE, NAMESPACE, NODE)
    of_patient(seg, study)


@pytest.fixture(scope="module")
def volume(site: Site) -> Iterator[studies.Study]:
    """Have a study as files in a folder of a volume, and nowhere else."""
    study = studies.make(site, "E2E-VOLUME")
    name = f"{NAME}-volume"
    metadata = {"name": name, "namespace": NAMESPACE}
    room = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    mount = {"name": "there", "mountPath": "/there"}
    pod = plain_pod(site.models["threshold"], ["sleep", "300"], volumeMounts=[mount])
    pod["volumes"] = [{"name": "there", "persistentVolumeClaim": {"claimName": name}}]
    site.api.apply(CLAIMS, {"metadata": metadata, "spec": room}, manager="e2e")
    site.api.apply(POD, {"metadata": metadata, "spec": pod}, manager="e2e")
    try:
        site.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=60s")
        site.kubectl("exec", name, "--", "mkdir", "-p", f"/there/{FOLDER}")
        with TemporaryDirectory(prefix="meninx-e2e-") as folder:
            write_series(study.images, Path(folder))
            site.kubectl("cp", f"{folder}/.", f"{name}:/there/{FOLDER}")
        yield study
    finally:
        for kind in (POD, CLAIMS):
            site.api.delete(kind, NAMESPACE, name)


@pytest.mark.parametrize("runs", ["model", "package"])
def test_study_in_a_folder_of_a_volume_is_read_there(
    site: Site, volume: studies.Study, runs: str, request: pytest.FixtureRequest
) -> None:
    given = {"volumeClaim": {"name": f"{NAME}-volume", "path": FOLDER}}
    job = begin(site, f"{NAME}-{runs}", request.getfixturevalue(runs), given)
    status = job.end()
    assert (status["phase"], status["results"]["findings"]) == ("Succeeded", 1), status
    job.until("delivery", lambda: json.dumps(job.status).count('"Delivered"') or None)
    assert {of_patient(raw, volume).Modality for raw in studies.in_pacs(site, volume, "SEG")} == {
        "SEG"
    }

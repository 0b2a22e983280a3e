"""Two steps in one pod on a real cluster: to their end, skipped by a condition, and failing by name."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pydicom
import pytest
from tests.e2e import studies
from tests.e2e.failing import PREFIX, Failing, Lab, lab, message, reason
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest, label

from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, STUDYROUTE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]

BRIGHT = "exec python /opt/model/model.py"
MEASURE = (
    'cp "$MENINX_INPUT"/* "$MENINX_OUTPUT" && '
    'echo \'{"measurements": {"head_ml": 21.5}}\' > "$MENINX_OUTPUT/result.json"'
)
ABSENT = "cat $MENINX_OUTPUT/none; echo no such tissue >&2; exit 3"
"""What steps do, as shell scripts in the threshold model's image."""
WHOLE = {"step": "measure", "field": "measurements.head_ml"}
NAMES = ["fetch", "measure", "lesion", "deliver"]


@contextmanager
def pipeline(site: Site, name: str, script: str, when: Manifest | None = None) -> Iterator[str]:
    """Have a pipeline of a plain image that measures and a model that runs a script."""
    image = site.models["threshold"]
    needs = {"gpu": {"count": 0}, "cpu": "50m", "memory": "512Mi"}
    model = {
        "image": image, "command": ["sh", "-c", script], "version": "1", "resources": needs,
        "channels": [{"name": "t1c", "selector": {"minSlices": 8}}], "labels": [label()],
    }  # fmt: skip
    measure = {
        "name": "measure", "image": image, "command": ["sh", "-c", MEASURE], "resources": needs,
    }  # fmt: skip
    lesion = {"name": "lesion", "modelRef": {"name": name}} | ({"when": when} if when else {})
    spec = {"version": "1", "steps": [measure, lesion], "channels": model["channels"]}
    metadata = {"name": name, "namespace": NAMESPACE}
    for kind, body in ((AIMODEL, model), (AIPIPELINE, spec)):
        site.api.apply(kind, {"metadata": metadata, "spec": body}, manager="e2e")
    try:
        yield name
    finally:
        for job in site.api.list(INFERENCEJOB, NAMESPACE):
            if (job["spec"].get("pipelineRef") or {}).get("name") == name:
                site.api.delete(INFERENCEJOB, NAMESPACE, job["metadata"]["name"])
        for kind in (AIPIPELINE, AIMODEL):
            site.api.delete(kind, NAMESPACE, name)


@pytest.fixture(scope="module")
def room(site: Site) -> Iterator[Lab]:
    """Return where jobs are made on one study that the store holds."""
    with lab(site) as made:
        yield made


def ended(room: Lab, name: str, script: str, when: Manifest | None = None) -> Manifest:
    """Return the status of a job of such a pipeline at its end."""
    with pipeline(room.site, PREFIX + name, script, when):
        spec = {"input": room.given, "pipelineRef": {"name": PREFIX + name}, "retries": 0}
        metadata = {"name": PREFIX + name, "namespace": NAMESPACE}
        job = {"metadata": metadata, "spec": spec}
        room.site.api.apply(INFERENCEJOB, job, manager="e2e")
        return Failing(room.site, PREFIX + name).end()


def states(status: Manifest) -> dict[str, str]:
    """Return what became of each step."""
    return {step["name"]: step["state"] for step in status["steps"]}


def test_two_steps_end_in_one_segmentation_that_names_both(site: Site) -> None:
    description = "E2E-PIPELINE"
    with pipeline(site, "e2e-pipeline", BRIGHT) as name, _route(site, name, description):
        study = studies.make(site, description)
        studies.send(site, study.images)
        status = site.wait(study.hash, "Succeeded")["status"]
        assert states(status) == dict.fromkeys(NAMES, "Succeeded")
        (raw,) = studies.in_pacs(site, study, "SEG")
    segment = pydicom.dcmread(io.BytesIO(raw)).SegmentSequence[0]
    said = segment.SegmentationAlgorithmIdentificationSequence[0].AlgorithmParameters
    assert "pipeline=e2e-pipeline 1" in said
    assert "step measure=" in said


@contextmanager
def _route(site: Site, name: str, description: str) -> Iterator[None]:
    spec: dict[str, Any] = {
        "match": {"all": [{"attribute": "StudyDescription", "equals": description}]},
        "pipelineRef": {"name": name},
        "completeness": {"quietSeconds": 2},
        "destinations": [{"name": "pacs"}],
    }
    metadata = {"name": name, "namespace": NAMESPACE}
    site.api.apply(STUDYROUTE, {"metadata": metadata, "spec": spec}, manager="e2e")
    try:
        yield
    finally:
        site.api.delete(STUDYROUTE, NAMESPACE, name)


def test_step_whose_condition_holds_is_run(room: Lab) -> None:
    status = ended(room, "holds", BRIGHT, {**WHOLE, "atLeast": 20})
    assert states(status) == dict.fromkeys(NAMES, "Succeeded")
    assert status["results"]["findings"] == 1


@pytest.mark.rule("said-plainly")
def test_step_whose_condition_fails_is_skipped_and_finds_nothing_healthy(room: Lab) -> None:
    status = ended(room, "skips", "exit 9", {**WHOLE, "atLeast": 22})
    assert status["phase"] == "Succeeded"
    assert states(status) == dict.fromkeys(NAMES, "Succeeded") | {"lesion": "Skipped"}
    assert "findings" not in status.get("results", {})


@pytest.mark.rule("said-plainly")
def test_step_that_fails_names_itself(room: Lab) -> None:
    status = ended(room, "fails", ABSENT)
    assert (status["phase"], reason(status)) == ("Failed", "ModelFailed")
    assert "Step lesion, exit code 3" in message(status)
    assert [attempt["step"] for attempt in status["failedAttempts"]] == ["lesion"]
    assert states(status)["measure"] == "Succeeded"

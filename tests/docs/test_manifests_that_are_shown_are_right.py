"""What people copy can be read, and is complete enough to be run."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.make import condition
from tests.support.manifests import shown

from meninx.controller.job.chain import Chain, resolve
from meninx.resources.aimodel import AIModel
from meninx.resources.aipipeline import AIPipeline
from meninx.resources.dicomnode import DicomNode
from meninx.resources.inferencejob import InferenceJob, InferenceJobSpec
from meninx.resources.studyroute import StudyRoute
from meninx.resources.trainingjob import TrainingJob

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    kind.__name__: kind
    for kind in (AIModel, AIPipeline, DicomNode, InferenceJob, StudyRoute, TrainingJob)
}
SHOWN = shown()
READY = {"conditions": [condition("Ready")]}


@pytest.mark.parametrize("place", SHOWN)
def test_manifest_that_is_shown_can_be_read(place: str) -> None:
    KINDS[SHOWN[place]["kind"]].model_validate(SHOWN[place])


def test_examples_show_every_kind_and_every_input() -> None:
    examples = [one for place, one in SHOWN.items() if place.startswith("examples/")]
    assert {one["kind"] for one in examples} == KINDS.keys()
    inputs = [one["spec"]["input"] for one in examples if one["kind"] == "InferenceJob"]
    assert {key for given in inputs for key in given} >= {"study", "dicomNode", "volumeClaim"}


def _named(kind: str) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: {**one, "status": READY}
        for place, one in SHOWN.items()
        if one["kind"] == kind and place.startswith("examples/")
    }


@pytest.mark.parametrize("name", _named("AIPipeline"))
def test_pipelines_of_the_examples_resolve_to_steps(name: str) -> None:
    spec = InferenceJobSpec.model_validate(
        {"pipelineRef": {"name": name}, "input": {"volumeClaim": {"name": "research"}}}
    )
    assert isinstance(resolve(spec, _named("AIModel"), _named("AIPipeline")[name]), Chain)


@pytest.mark.rule("traceable")
def test_examples_of_the_shipped_model_name_the_weights_that_ship() -> None:
    shipped = json.loads((ROOT / "model-images/unet-meningioma/weights/model.json").read_text())
    specs = [model["spec"] for model in _named("AIModel").values()]
    said = [s["weights"]["sha256"] for s in specs if "/unet-meningioma:" in s["image"]]
    assert said == [shipped["sha256"]]


@pytest.mark.parametrize("name", _named("InferenceJob"))
def test_jobs_of_the_examples_name_what_the_examples_hold(name: str) -> None:
    spec = InferenceJobSpec.model_validate(_named("InferenceJob")[name]["spec"])
    named = spec.pipeline_ref
    pipeline = _named("AIPipeline")[named.name] if named else None
    assert isinstance(resolve(spec, _named("AIModel"), pipeline), Chain)

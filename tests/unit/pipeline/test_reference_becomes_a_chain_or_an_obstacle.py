from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.make import aimodel, aipipeline, channel, condition, inferencejob

from meninx.controller.job.chain import Chain, Obstacle, resolve
from meninx.resources.inferencejob import InferenceJobSpec
from meninx.resources.reasons import Reason

READY = {"conditions": [condition("Ready")]}
NOT_READY = {"conditions": [condition("Ready", "False", reason="NoMatchingNode")]}
MODELS = {
    "example-headmask": aimodel("example-headmask", status=READY, title="Head"),
    "unet-meningioma": aimodel(status=READY, command=["run"], startDeadlineSeconds=900),
}
OF_PIPELINE: dict[str, Any] = {"modelRef": None, "pipelineRef": {"name": "head-then-meningioma"}}
HEAD = {"name": "head", "modelRef": {"name": "example-headmask"}}
MENINGIOMA = {"name": "meningioma", "modelRef": {"name": "unet-meningioma"}}
WHEN = {"step": "head", "field": "head_ml", "atLeast": 1}


def of(
    pipeline: Mapping[str, Any] | None,
    models: Mapping[str, Any] = MODELS,
    **job: Any,
) -> Chain | Obstacle:
    """Return what a job of a pipeline resolves to."""
    spec = InferenceJobSpec.model_validate(inferencejob(**OF_PIPELINE, **job)["spec"])
    return resolve(spec, models, pipeline)


def of_steps(*steps: Mapping[str, Any], **spec: Any) -> Chain | Obstacle:
    """Return what a job of a ready pipeline of these steps resolves to."""
    return of(aipipeline(status=READY, steps=list(steps), **spec))


def test_model_is_a_chain_of_one_step() -> None:
    spec = InferenceJobSpec.model_validate(inferencejob()["spec"])
    chain = resolve(spec, MODELS, None)
    assert isinstance(chain, Chain)
    assert [step.name for step in chain.steps] == ["model"]
    assert (chain.name, chain.pipeline) == ("unet-meningioma", False)
    assert chain.start_deadline_seconds == 900


def test_pipeline_is_a_chain_of_its_steps() -> None:
    smooth = {"name": "smooth", "image": "registry.invalid/smooth:1"}
    chain = of_steps(HEAD, smooth, MENINGIOMA, timeoutSeconds=70)
    assert isinstance(chain, Chain)
    assert [step.name for step in chain.steps] == ["head", "smooth", "meningioma"]
    assert [step.model for step in chain.steps] == ["example-headmask", None, "unet-meningioma"]
    assert chain.steps[1].resources.gpu.count == 0
    assert (chain.timeout_seconds, chain.start_deadline_seconds) == (70, 900)
    assert chain.last_model.name == "meningioma"


@pytest.mark.parametrize(
    ("pipeline", "models", "reason", "said"),
    [
        (None, MODELS, Reason.PIPELINE_NOT_FOUND, "AIPipeline: head-then-meningioma."),
        (aipipeline(), MODELS, Reason.PIPELINE_NOT_READY, "not been looked at"),
        (aipipeline(status=NOT_READY), MODELS, Reason.PIPELINE_NOT_READY, "NoMatchingNode"),
        (aipipeline(status=READY, steps=[]), MODELS, Reason.PIPELINE_NOT_READY, "spec.steps"),
        (aipipeline(status=READY), {}, Reason.MODEL_NOT_FOUND, "Step head:"),
        (
            aipipeline(status=READY),
            MODELS | {"unet-meningioma": aimodel(status=NOT_READY)},
            Reason.MODEL_NOT_READY,
            "Step meningioma: AIModel: unet-meningioma (NoMatchingNode)",
        ),
    ],
    ids=["absent", "new", "not-ready", "unreadable", "model-absent", "model-not-ready"],
)
def test_what_is_missing_is_an_obstacle_for_now(
    pipeline: Any, models: Any, reason: Reason, said: str
) -> None:
    found = of(pipeline, models)
    assert isinstance(found, Obstacle)
    assert (found.reason, found.final) == (reason, False)
    assert said in found.detail


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{**HEAD, "when": {**WHEN, "step": "meningioma"}}, MENINGIOMA], "an earlier step"),
        ([HEAD, {**MENINGIOMA, "when": {**WHEN, "step": "none"}}], "none is none"),
        (
            [{**MENINGIOMA, "name": "first"}, {**HEAD, "when": {**WHEN, "step": "first"}}],
            "AIModel example-headmask needs command",
        ),
        ([{"name": "a", "image": "x"}], "No step has a modelRef"),
    ],
    ids=["later-step", "no-step", "no-command", "no-model"],
)
def test_pipeline_that_can_not_run_is_named(steps: list[Any], said: str) -> None:
    found = of_steps(*steps)
    assert isinstance(found, Obstacle)
    assert said in found.detail


def test_monai_package_runs_alone() -> None:
    package = aimodel("example-headmask", status=READY, contract="MAP")
    found = of(aipipeline(status=READY), MODELS | {"example-headmask": package})
    assert isinstance(found, Obstacle)
    assert "runs alone" in found.detail


def test_job_with_other_channels_can_never_run() -> None:
    found = of(aipipeline(status=READY, channels=[channel("flair")]))
    assert isinstance(found, Obstacle)
    assert (found.reason, found.final) == (Reason.BAD_SPEC, True)


def test_selectors_choose_where_the_job_names_no_series() -> None:
    node = {"dicomNode": {"name": "pacs", "studyInstanceUID": "2.25.1"}}
    assert isinstance(of(aipipeline(status=READY), input=node), Chain)

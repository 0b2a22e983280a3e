"""A model or pipeline reference to ordered steps, `when` included (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from meninx.controller.job.steps import MODEL
from meninx.kube import conditions
from meninx.resources.aimodel import AIModel, Channel, Label, Resources, Weights
from meninx.resources.aipipeline import AIPipeline, PipelineStep, When
from meninx.resources.inferencejob import InferenceJobSpec
from meninx.resources.meta import Contract
from meninx.resources.reasons import Reason

Manifest = Mapping[str, Any]

NO_GPU = Resources.model_validate({"gpu": {"count": 0}})
"""What a plain image gets that asks for nothing."""


@dataclass(frozen=True)
class ChainStep:
    """One container between `fetch` and `deliver`."""

    name: str
    """Name of the container: `model` for a job of one model, else the step's name."""
    image: str
    resources: Resources
    contract: Contract = "Meninx"
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    weights: Weights | None = None
    pull_secrets: tuple[str, ...] = ()
    when: When | None = None
    model: str | None = None
    """The AIModel of the step; None for a plain image."""
    version: str | None = None
    title: str = ""
    labels: tuple[Label, ...] = ()
    no_findings: str = "NoObject"
    intermediate: bool = False


@dataclass(frozen=True)
class Chain:
    """Everything that runs for a job, resolved to images."""

    name: str
    """Name of the AIModel or AIPipeline."""
    version: str
    title: str
    channels: tuple[Channel, ...]
    steps: tuple[ChainStep, ...]
    labels: tuple[Label, ...]
    no_findings: str
    timeout_seconds: int
    start_deadline_seconds: int
    concurrency: int | None = None
    pipeline: bool = False
    """True for an AIPipeline, whose results name the step that made them."""

    @property
    def last_model(self) -> ChainStep:
        """Return the last step that is an AIModel."""
        return next(step for step in reversed(self.steps) if step.model)


@dataclass(frozen=True)
class Obstacle:
    """Why a reference can't be resolved now."""

    reason: Reason
    detail: str
    final: bool = False
    """True where waiting is of no use."""


def told(error: ValidationError) -> str:
    """Return what is wrong first, without the value that was given."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"


def resolve(
    spec: InferenceJobSpec,
    models: Mapping[str, Manifest],
    pipeline: Manifest | None,
    *,
    at_work: bool = False,
) -> Chain | Obstacle:
    """Return what is to run for a job, or what stands in the way.

    `models` are the AIModels by name, as far as they exist; `pipeline` is the AIPipeline that the
    job names. A job that is `at_work` goes on whether they are still ready or not.
    """
    if spec.pipeline_ref is not None:
        found = _named_pipeline(spec.pipeline_ref.name, models, pipeline, at_work=at_work)
    else:
        found = _named_model(spec.work, models, at_work=at_work)
    return found if isinstance(found, Obstacle) else _mismatch(spec, found) or found


def of_model(model: AIModel) -> Chain:
    """Return the chain of one model: one step."""
    spec = model.spec
    return Chain(
        name=model.metadata.name,
        version=spec.version,
        title=spec.title or model.metadata.name,
        channels=tuple(spec.channels),
        steps=(step_of(MODEL, model),),
        labels=tuple(spec.labels),
        no_findings=spec.no_findings,
        timeout_seconds=spec.timeout_seconds,
        start_deadline_seconds=spec.start_deadline_seconds,
        concurrency=spec.concurrency,
    )


def of_pipeline(pipeline: AIPipeline, models: Mapping[str, AIModel]) -> Chain:
    """Return the chain of a pipeline; all of its models must be there."""
    spec = pipeline.spec
    used = [models[step.model_ref.name] for step in spec.steps if step.model_ref]
    last = used[-1].spec
    return Chain(
        name=pipeline.metadata.name,
        version=spec.version,
        title=last.title or used[-1].metadata.name,
        channels=tuple(spec.channels or used[0].spec.channels),
        steps=tuple(_pipeline_step(step, models) for step in spec.steps),
        labels=tuple(last.labels),
        no_findings=last.no_findings,
        timeout_seconds=spec.timeout_seconds,
        start_deadline_seconds=max(model.spec.start_deadline_seconds for model in used),
        concurrency=spec.concurrency,
        pipeline=True,
    )


def step_of(name: str, model: AIModel) -> ChainStep:
    """Return the step that runs a model."""
    spec = model.spec
    return ChainStep(
        name=name,
        image=spec.image,
        resources=spec.resources,
        contract=spec.contract,
        command=_words(spec.command),
        args=_words(spec.args),
        weights=spec.weights,
        pull_secrets=tuple(secret.name for secret in spec.image_pull_secrets),
        model=model.metadata.name,
        version=spec.version,
        title=spec.title or model.metadata.name,
        labels=tuple(spec.labels),
        no_findings=spec.no_findings,
    )


def _pipeline_step(step: PipelineStep, models: Mapping[str, AIModel]) -> ChainStep:
    if step.model_ref is not None:
        made = step_of(step.name, models[step.model_ref.name])
        return replace(made, when=step.when, intermediate=step.intermediate)
    return ChainStep(
        name=step.name,
        image=step.image or "",
        resources=step.resources or NO_GPU,
        command=_words(step.command),
        args=_words(step.args),
        when=step.when,
        intermediate=step.intermediate,
    )


def _words(given: list[str] | None) -> tuple[str, ...] | None:
    return tuple(given) if given else None


def not_ready(manifest: Manifest) -> str | None:
    """Say why a model or pipeline can't be used; None where it is Ready."""
    said = (manifest.get("status") or {}).get("conditions") or ()
    ready = conditions.find(said, "Ready")
    if ready is not None and ready.get("status") == "True":
        return None
    return str((ready or {}).get("reason", "it has not been looked at yet"))


def _ready_model(name: str, models: Mapping[str, Manifest], *, at_work: bool) -> AIModel | Obstacle:
    manifest = models.get(name)
    if manifest is None:
        return Obstacle(Reason.MODEL_NOT_FOUND, f"AIModel: {name}.")
    because = None if at_work else not_ready(manifest)
    if because is None:
        try:
            return AIModel.model_validate({**manifest, "status": {}})
        except ValidationError as error:
            because = told(error)
    return Obstacle(Reason.MODEL_NOT_READY, f"AIModel: {name} ({because}).")


def _named_model(name: str, models: Mapping[str, Manifest], *, at_work: bool) -> Chain | Obstacle:
    model = _ready_model(name, models, at_work=at_work)
    return model if isinstance(model, Obstacle) else of_model(model)


def _named_pipeline(
    name: str, models: Mapping[str, Manifest], manifest: Manifest | None, *, at_work: bool
) -> Chain | Obstacle:
    if manifest is None:
        return Obstacle(Reason.PIPELINE_NOT_FOUND, f"AIPipeline: {name}.")
    because = None if at_work else not_ready(manifest)
    if because is not None:
        return Obstacle(Reason.PIPELINE_NOT_READY, f"AIPipeline: {name} ({because}).")
    try:
        pipeline = AIPipeline.model_validate({**manifest, "status": {}})
    except ValidationError as error:
        return Obstacle(Reason.PIPELINE_NOT_READY, f"AIPipeline: {name} ({told(error)}).")
    used = models_of(pipeline, models, at_work=at_work)
    if isinstance(used, Obstacle):
        return replace(used, detail=f"AIPipeline: {name}. {used.detail}")
    wrong = fault(pipeline, used)
    return Obstacle(Reason.PIPELINE_NOT_READY, wrong) if wrong else of_pipeline(pipeline, used)


def models_of(
    pipeline: AIPipeline, models: Mapping[str, Manifest], *, at_work: bool = False
) -> dict[str, AIModel] | Obstacle:
    """Return the models of a pipeline's steps by name; they must all be Ready to be begun."""
    used: dict[str, AIModel] = {}
    for step in pipeline.spec.steps:
        if step.model_ref is None:
            continue
        model = _ready_model(step.model_ref.name, models, at_work=at_work)
        if isinstance(model, Obstacle):
            return replace(model, detail=f"Step {step.name}: {model.detail}")
        used[step.model_ref.name] = model
    return used


def fault(pipeline: AIPipeline, models: Mapping[str, AIModel]) -> str | None:
    """Say what keeps a pipeline, whose models are all there, from being run; None if nothing does.

    The API server refuses most of it; what lies across objects can only be seen here.
    """
    if not models:
        return "No step has a modelRef: nothing says what the labels of the result mean."
    if len(pipeline.spec.steps) > 1:
        alone = next((name for name, m in models.items() if m.spec.contract == "MAP"), None)
        if alone:
            return f"AIModel {alone} is a MONAI Application Package: it runs alone."
    earlier: set[str] = set()
    for step in pipeline.spec.steps:
        wrong = _fault_of_step(step, earlier, models)
        if wrong:
            return f"Step {step.name}: {wrong}"
        earlier.add(step.name)
    return None


def _fault_of_step(
    step: PipelineStep, earlier: set[str], models: Mapping[str, AIModel]
) -> str | None:
    model = models[step.model_ref.name] if step.model_ref else None
    if step.when is None:
        return None
    if step.when.step not in earlier:
        return f"`when` must name an earlier step, {step.when.step} is none."
    command = model.spec.command if model else step.command
    if not command:
        named = f"AIModel {model.metadata.name}" if model else "it"
        return f"it has `when`, so {named} needs command: an image's entry point can't be skipped."
    return None


def _mismatch(spec: InferenceJobSpec, chain: Chain) -> Obstacle | None:
    """Say how the channels of job and chain differ; a job may leave the choice to the selectors."""
    given = {channel.name for channel in spec.input.channels}
    wanted = {channel.name for channel in chain.channels}
    if not given or given == wanted:
        return None
    said = f"The job gives the channels {sorted(given)}, {chain.name} wants {sorted(wanted)}."
    return Obstacle(Reason.BAD_SPEC, said, final=True)

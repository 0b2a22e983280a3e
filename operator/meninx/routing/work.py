"""What a route runs, as far as routing cares: a version and channels (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meninx.resources.aimodel import AIModelSpec, Channel
from meninx.resources.aipipeline import AIPipelineSpec
from meninx.resources.meta import NameRef
from meninx.resources.studyroute import StudyRouteSpec


class Work(Protocol):
    """An AIModel's spec, or what of an AIPipeline is like one."""

    @property
    def version(self) -> str:
        """Changes where results may."""
        ...

    @property
    def channels(self) -> Sequence[Channel]:
        """The inputs, the reference first."""
        ...


@dataclass(frozen=True)
class PipelineWork:
    """An AIPipeline with the channels that its first step reads."""

    version: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class CurrentVersion:
    """The version that an AIModel's `spec.current` names: what routes that name the model run."""

    model: str
    """Name of that version's own AIModel."""
    version: str
    channels: tuple[Channel, ...]


Works = Mapping[str, Work]
"""Models by their names, pipelines by `pipeline_key`."""


def pipeline_key(name: str) -> str:
    """Return a pipeline's key among the works: no name of a model."""
    return f"AIPipeline/{name}"


def key_of(route: StudyRouteSpec) -> str:
    """Return the key of what a route runs."""
    if route.pipeline_ref is not None:
        return pipeline_key(route.pipeline_ref.name)
    return route.model_ref.name if route.model_ref else ""


def title_of(route: StudyRouteSpec) -> str:
    """Return kind and name of what a route runs."""
    return key_of(route).replace("/", " ") if route.pipeline_ref else f"AIModel {key_of(route)}"


def current_versions(models: Mapping[str, AIModelSpec]) -> dict[str, Work]:
    """Return what routes run that name each model; nothing for one whose current version is not there."""
    works: dict[str, Work] = {}
    for name, spec in models.items():
        current = spec.current.name if spec.current else name
        if current == name:
            works[name] = spec
        elif (found := models.get(current)) is not None:
            works[name] = CurrentVersion(current, found.version, tuple(found.channels))
    return works


def model_of(work: Work, named: NameRef | None) -> NameRef | None:
    """Return the AIModel that a job names: the current version of the one that its route names."""
    return NameRef(name=work.model) if isinstance(work, CurrentVersion) else named


def pipeline_work(spec: AIPipelineSpec, models: Mapping[str, AIModelSpec]) -> PipelineWork | None:
    """Return a pipeline as work; None where one of its models is not there.

    Another version of a model is another version of the pipeline: it makes a new job.
    """
    named = [step.model_ref.name for step in spec.steps if step.model_ref]
    if not named or any(name not in models for name in named):
        return None
    versions = [f"{name}={models[name].version}" for name in named]
    channels = spec.channels or models[named[0]].channels
    return PipelineWork(" ".join([spec.version, *versions]), tuple(channels))

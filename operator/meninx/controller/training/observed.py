"""Everything that a decision about one TrainingJob looks at, and its one step as the queue sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meninx.controller.job.chain import Chain, ChainStep, Obstacle
from meninx.controller.job.observed import Observed as ObservedWork
from meninx.controller.job.steps import TRAIN
from meninx.resources.reasons import Reason
from meninx.resources.trainingjob import TrainingJob

Manifest = dict[str, Any]


_NONE = Obstacle(Reason.BAD_SPEC, "")


@dataclass(frozen=True)
class Observed(ObservedWork):
    """Everything that a decision about one TrainingJob looks at."""

    chain: Chain | Obstacle = _NONE
    """Of no meaning: a training is its own only step."""
    progress: Mapping[str, Any] | None = None
    """What its log said last; None where nothing is known."""
    models: Mapping[str, Manifest] = field(default_factory=dict)
    """The AIModels by name, as far as they exist."""


def chain_of(job: TrainingJob) -> Chain:
    """Return a training as the one step that its pod is."""
    spec = job.spec
    step = ChainStep(
        name=TRAIN,
        image=spec.image,
        resources=spec.resources,
        command=tuple(spec.command) if spec.command else None,
        args=tuple(spec.args) if spec.args else None,
        pull_secrets=tuple(secret.name for secret in spec.image_pull_secrets),
    )
    return Chain(
        name=job.metadata.name,
        version="",
        title="",
        channels=(),
        steps=(step,),
        labels=(),
        no_findings="NoObject",
        timeout_seconds=0,
        start_deadline_seconds=spec.start_deadline_seconds,
    )

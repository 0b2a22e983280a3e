"""A model or pipeline reference to ordered steps, `when` included (pure)."""

from dataclasses import dataclass

from meninx.resources.aimodel import Channel, Label, Resources, Weights
from meninx.resources.aipipeline import When
from meninx.resources.meta import Contract


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

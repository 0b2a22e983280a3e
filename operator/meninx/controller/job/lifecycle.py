"""The states of an InferenceJob as data: which phase may follow which, and who says what (pure).

The page docs/reference/inferencejob.md is drawn from this, and a property test holds the operator
to it.
"""

from dataclasses import dataclass

from meninx.resources.inferencejob import TERMINAL, Phase

START = "[*]"


@dataclass(frozen=True)
class Arrow:
    """One step of a job's life: it may go from one phase to the next, when something holds."""

    before: Phase | None
    """None is a job that has just been made."""
    after: Phase
    when: str


ARROWS: tuple[Arrow, ...] = (
    Arrow(None, "Pending", "something holds it back"),
    Arrow(None, "Queued", "nothing holds it back"),
    Arrow("Pending", "Queued", "nothing holds it back any more"),
    Arrow("Queued", "Pending", "held back again"),
    Arrow("Queued", "Running", "its turn has come and its pod has begun"),
    Arrow("Running", "Queued", "it gave way, or waits for a new pod"),
    Arrow("Running", "Pending", "suspended"),
    Arrow("Running", "Delivering", "the result is in the store"),
    Arrow("Delivering", "Succeeded", "every destination took it"),
    Arrow("Delivering", "Failed", "a destination refused it for good"),
    Arrow("Pending", "Failed", "it can never run, or its deadline is over"),
    Arrow("Queued", "Failed", "its pod can't start, or its deadline is over"),
    Arrow("Running", "Failed", "no attempt is left, or its deadline is over"),
    *(
        Arrow(phase, "Cancelled", "spec.cancel")
        for phase in ("Pending", "Queued", "Running", "Delivering")
    ),
)

PHASES: dict[Phase, str] = {
    "Pending": "Something that is no lack of room holds it back: a person, the clock, its model or "
    "its input. It does not stand in line.",
    "Queued": "It stands in line, or its turn has come and its pod is being started.",
    "Running": "Its pod works: fetch, the steps of the model or pipeline, deliver.",
    "Delivering": "The result is safe in the store and goes to the destinations.",
    "Succeeded": "Every destination took the result, or there was none.",
    "Failed": "It ended without; the first condition that is False says why.",
    "Cancelled": "A person ended it; what it had stored stays.",
}


@dataclass(frozen=True)
class Condition:
    """A condition of the job: who alone writes it, and what True means."""

    type: str
    writer: str
    meaning: str


CONDITIONS: tuple[Condition, ...] = (
    Condition("Admitted", "operator", "Its turn has come: a pod may run for it."),
    Condition("InputReady", "operator", "The step fetch has ended well."),
    Condition("Inferred", "operator", "Every step of the model or pipeline has ended well."),
    Condition("Pulled", "ingress", "The study of a DicomNode is in the store (dicomNode inputs)."),
    Condition("Stored", "ingress", "The result is safe in the store."),
    Condition("Delivered", "ingress", "Every destination took the result."),
)


def _reach() -> dict[Phase | None, frozenset[Phase]]:
    reached: dict[Phase | None, set[Phase]] = {None: set(), **{phase: set() for phase in PHASES}}
    for arrow in ARROWS:
        reached[arrow.before].add(arrow.after)
    for _ in PHASES:
        for after in reached.values():
            after |= {further for phase in tuple(after) for further in reached[phase]}
    return {before: frozenset(after) for before, after in reached.items()}


_REACHED = _reach()


def may_follow(before: Phase | None, after: Phase) -> bool:
    """Tell whether a job that was last seen in one phase may be in another at the next look.

    A look that comes late skips phases, so all that the arrows lead to is allowed; from a terminal
    phase they lead nowhere.
    """
    return before == after or after in _REACHED[before]


def is_over(phase: str | None) -> bool:
    """Tell whether a phase is terminal."""
    return phase in TERMINAL


def mermaid() -> str:
    """Draw the arrows as a Mermaid state diagram."""
    lines = [
        *(f"    {arrow.before or START} --> {arrow.after}: {arrow.when}" for arrow in ARROWS),
        *(f"    {phase} --> {START}" for phase in PHASES if is_over(phase)),
    ]
    return "\n".join(("stateDiagram-v2", *lines))

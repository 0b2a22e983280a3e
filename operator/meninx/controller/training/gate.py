"""Whether a new version is better than the current one, on the same test set (pure)."""

from dataclasses import dataclass

from meninx.resources.aimodel import Quality
from meninx.resources.reasons import MEANINGS, Reason
from meninx.resources.trainingjob import GateStatus, Register


@dataclass(frozen=True)
class Current:
    """The version that routes run now."""

    name: str
    quality: Quality | None = None


def judge(register: Register, candidate: Quality, current: Current) -> GateStatus:
    """Say whether the candidate may take the current version's place, with the figures."""
    obstacle = _incomparable(register, candidate, current)
    if obstacle is not None or current.quality is None:
        return _keep(Reason.NOT_COMPARABLE, obstacle or "", current)
    new, old = _figure(register, candidate) or 0.0, _figure(register, current.quality) or 0.0
    gain = new - old if register.metric == "Dice" else old - new
    better = gain > 0 and gain >= register.least_margin
    reason = Reason.PROMOTED if better else Reason.NOT_BETTER
    return GateStatus(
        decision="Promote" if better else "Keep",
        reason=reason,
        message=_said(reason, _comparison(register, new, old, current.name)),
        current_model=current.name,
        current=old,
        candidate=new,
    )


def _figure(register: Register, quality: Quality) -> float | None:
    return quality.dice if register.metric == "Dice" else quality.average_hausdorff_mm


def _incomparable(register: Register, candidate: Quality, current: Current) -> str | None:
    old = current.quality
    if old is None:
        return f"AIModel {current.name}, the current version, has no status.quality."
    if old.dataset != candidate.dataset:
        return (
            f"The test set is {candidate.dataset[:12]}, that of AIModel {current.name} was "
            f"{old.dataset[:12]}."
        )
    if _figure(register, old) is None or _figure(register, candidate) is None:
        return f"{register.metric} was not measured of both this and AIModel {current.name}."
    return None


def _comparison(register: Register, new: float, old: float, name: str) -> str:
    unit = "" if register.metric == "Dice" else " mm"
    least = f", at least {register.least_margin:g} better" if register.least_margin else ""
    return f"{register.metric}: {new:.4g}{unit}, AIModel {name}: {old:.4g}{unit}{least}."


def _keep(reason: Reason, detail: str, current: Current) -> GateStatus:
    return GateStatus(
        decision="Keep", reason=reason, message=_said(reason, detail), current_model=current.name
    )


def _said(reason: Reason, detail: str) -> str:
    meaning = MEANINGS[reason]
    remedy = "" if meaning.remedy == "Nothing to do." else meaning.remedy
    return " ".join(part for part in (meaning.sentence, detail, remedy) if part)

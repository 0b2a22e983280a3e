"""Which series of a folder serve a model, and why not the others, for a person and for a script."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meninx.base.errors import Rejected
from meninx.imaging.select import Chosen, NotChosen, PassedOver, Selection, choose_all
from meninx.resources.aimodel import AIModel
from meninx.resources.reasons import MEANINGS
from meninx.resources.task import TaskChannel
from meninx.steps.folder import SeriesFiles, StudyFolder

_FREE_TEXT = frozenset(
    {"SeriesDescription", "StudyDescription", "ProtocolName", "ContrastBolusAgent"}
)
"""People write names into these: they are shown on the terminal, never written into a file."""


@dataclass(frozen=True)
class Choice:
    """The series chosen for each channel of a model."""

    model: AIModel
    study: StudyFolder
    selection: Selection

    def channels(self) -> list[TaskChannel]:
        """Return the channels as `prepare` takes them; raise Rejected where one has no series."""
        for refused in self.selection.refused:
            raise Rejected(
                refused.reason, self._readable(f"channel {refused.channel}: {refused.message}")
            )
        wanted = {channel.name: channel for channel in self.model.spec.channels}
        return [
            TaskChannel(
                name=chosen.channel,
                series=chosen.series.series,
                volume=chosen.volume,
                compress=wanted[chosen.channel].compress,
                min_slices=wanted[chosen.channel].selector.min_slices,
            )
            for chosen in self.selection.chosen
        ]

    def document(self) -> dict[str, Any]:
        """Return what choice.json holds: no free text, no patient."""
        return {
            "model": self.model.metadata.name,
            "version": self.model.spec.version,
            "filesSkipped": self.study.skipped,
            "channels": [self._channel(one) for one in self._answers()],
            "series": [_series(one) for one in self.study.series],
        }

    def lines(self) -> Iterator[str]:
        """Yield the choice for a person at a terminal."""
        if self.study.skipped:
            yield f"{self.study.skipped} files are no DICOM and were skipped"
        for answer in self._answers():
            yield from self._said(answer)

    def _answers(self) -> list[Chosen | NotChosen]:
        return [*self.selection.chosen, *self.selection.refused]

    def _channel(self, answer: Chosen | NotChosen) -> dict[str, Any]:
        said: dict[str, Any] = {"name": answer.channel}
        if isinstance(answer, Chosen):
            said |= {"series": answer.series.series, "volume": answer.volume}
            said["score"] = answer.score
        else:
            said |= {"reason": str(answer.reason), "message": answer.message}
        said["passedOver"] = [
            {"series": one.series, "reason": str(one.reason), "why": one.why}
            for one in answer.passed_over
        ]
        return said

    def _said(self, answer: Chosen | NotChosen) -> Iterator[str]:
        if isinstance(answer, Chosen):
            score = f"score {answer.score}, {answer.stack.grid!r}"
            yield f"{answer.channel}: series {self._named(answer.series.series)} ({score})"
            for finding in answer.stack.warnings:
                yield f"  warning {finding.reason}: {finding.message}"
        else:
            remedy = MEANINGS[answer.reason].remedy
            yield f"{answer.channel}: no series ({answer.reason}). {remedy}"
        for over in sorted(answer.passed_over, key=self._order):
            yield f"  not {self._named(over.series)}: {over.reason}: {self._readable(over.why)}"

    def _order(self, over: PassedOver) -> int:
        return [one.series.series for one in self.study.series].index(over.series)

    def _readable(self, text: str) -> str:
        """People know a series by its number, not by its UID."""
        for one in self.study.series:
            if one.series.series and one.number != "-":
                text = text.replace(one.series.series, one.number)
        return text

    def _named(self, uid: str) -> str:
        one = next(one for one in self.study.series if one.series.series == uid)
        facts = one.series.facts
        text = facts.get("SeriesDescription") or facts.get("ProtocolName") or "no description"
        return f"{one.number} '{text}', {len(one.series.headers)} images"


def _series(one: SeriesFiles) -> dict[str, Any]:
    facts = {name: text for name, text in one.series.facts.items() if name not in _FREE_TEXT}
    return {
        "series": one.series.series,
        "number": one.number,
        "images": len(one.series.headers),
        "facts": dict(sorted(facts.items())),
    }


def choose_series(study: StudyFolder, model: AIModel) -> Choice:
    """Choose the series for each channel of a model, as routing does in the cluster."""
    return Choice(
        model, study, choose_all(model.spec.channels, [one.series for one in study.series])
    )

"""The series of a study for each channel of a task, where the job names none."""

from collections.abc import Sequence
from dataclasses import replace

from meninx.base.errors import Rejected
from meninx.imaging.select import choose_all
from meninx.resources.aimodel import Channel
from meninx.resources.reasons import Reason
from meninx.resources.task import TaskChannel
from meninx.steps.folder import StudyFolder


def choose_channels(study: StudyFolder, channels: Sequence[TaskChannel]) -> list[TaskChannel]:
    """Return the channels with their series, chosen by their selectors as routing does.

    A channel that names its series keeps it. Raises Rejected with the reason where a channel has
    none; the message knows series by their numbers: UIDs stay in the store.
    """
    wanted = [
        Channel(name=one.name, selector=one.selector)
        for one in channels
        if one.selector is not None
    ]
    by_number = {f"#{place}": one.series for place, one in enumerate(study.series, start=1)}
    known = [replace(series, series=number) for number, series in by_number.items()]
    selection = choose_all(wanted, known)
    for refused in selection.refused:
        raise Rejected(refused.reason, f"channel {refused.channel}: {refused.message}")
    chosen = {one.channel: by_number[one.series.series].series for one in selection.chosen}
    return [
        one.model_copy(update={"series": chosen.get(one.name) or _there(study, one)})
        for one in channels
    ]


def _there(study: StudyFolder, channel: TaskChannel) -> str:
    if channel.series not in study.files():
        raise Rejected(
            Reason.INPUT_NOT_USABLE,
            f"channel {channel.name}: the study has no series of the Series Instance UID that the "
            "job names",
        )
    return channel.series

"""The first step of a training's pod: segmented studies of the store to pairs of image and label.

Which studies are taken is written down at the first look, and each that is done: killed, it goes on
with the rest, and a training that goes on from its checkpoint finds the data set that it began with.
"""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from meninx.base.errors import NotFound, Rejected
from meninx.base.files import write_durably
from meninx.base.logs import Log
from meninx.imaging.annotation import Dropped, Unfit
from meninx.resources.reasons import Reason
from meninx.resources.trainingdata import StoreData
from meninx.steps.archive import Archive, ListedStudy
from meninx.steps.dataset import DataSet, Sources, add, outcome
from meninx.steps.folder import read_study
from meninx.steps.pairs import annotations_of, write_pair
from meninx.steps.patience import Patience, Timer, patiently

T = TypeVar("T")
_log = Log("meninx.steps")
STUDIES_FILE = ".studies.json"
_INCOMING = ".incoming"


class Collector:
    """Makes the data set of one training."""

    def __init__(
        self, archive: Archive, folder: Path, want: StoreData, *, patience: Patience, timer: Timer
    ) -> None:
        self._archive = archive
        self._data = DataSet(folder, want)
        self._patience, self._timer = patience, timer

    async def collect(self) -> Sources:
        """Make the pairs that are not there yet; return what became of each study.

        Raises Rejected (NoPairs) where there is none, or the folder holds the data set of another
        choice.
        """
        folder = self._data.folder
        folder.mkdir(parents=True, exist_ok=True)
        studies = await self._studies()
        for left in (*folder.glob(".part-*"), folder / _INCOMING):
            shutil.rmtree(left, ignore_errors=True)
        sources = Sources()
        for study in studies:
            add(sources, study.case, await self._became(study))
        self._data.write(sources)
        _log.info("the data set is there", step="collect", count=len(sources.cases))
        if not sources.cases:
            self._data.forget()
            (folder / STUDIES_FILE).unlink(missing_ok=True)
            message = f"{len(studies)} studies hold a segmentation: {sources.in_words()}."
            raise Rejected(Reason.NO_PAIRS, message)
        return sources

    async def _studies(self) -> list[ListedStudy]:
        """Return the studies as they were listed first; later ones don't change a data set."""
        path = self._data.folder / STUDIES_FILE
        if path.is_file():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["key"] != self._data.key:
                message = "spec.output holds the data set of another spec.data: give another folder"
                raise Rejected(Reason.NO_PAIRS, message)
            return [ListedStudy.model_validate(one) for one in known["studies"]]
        listed = await self._patiently(self._archive.studies)
        if listed:  # an empty store is looked at anew
            told = {"key": self._data.key, "studies": [one.manifest() for one in listed]}
            write_durably(path, json.dumps(told).encode())
        return listed

    async def _became(self, study: ListedStudy) -> dict[str, Any] | Dropped:
        record = self._data.record(study.case)
        if record is not None:
            return outcome(record)
        incoming = self._data.folder / _INCOMING
        try:
            became: dict[str, Any] | Dropped = await self._made(study, incoming)
        except Rejected as error:
            became = Dropped(error.reason, error.message)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        self._data.keep(study.case, became)
        return became

    async def _made(self, study: ListedStudy, incoming: Path) -> dict[str, Any]:
        want = self._data.want
        for number, one in enumerate(study.series):
            await self._retrieve(study, one.series, incoming / f"seg-{number}")
        found = annotations_of(read_study(incoming), want, self._by_jobs(study, incoming))
        for number, series in enumerate(found.screened.kept):
            await self._retrieve(study, series, incoming / f"image-{number}")
        whole = read_study(incoming)
        return write_pair(whole, found, want, self._data.folder, case=study.case)

    def _by_jobs(self, study: ListedStudy, incoming: Path) -> set[str]:
        """Return the UIDs of the series that jobs have made."""
        folders = (incoming / f"seg-{n}" for n, one in enumerate(study.series) if one.by_job)
        return {one.series.series for folder in folders for one in read_study(folder).series}

    async def _retrieve(self, study: ListedStudy, series: str, folder: Path) -> None:
        async def attempt() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            await self._archive.retrieve_series(study.study, series, folder)

        try:
            await self._patiently(attempt)
        except NotFound as error:
            message = "the store does not hold a series that is segmented, or not any more"
            raise Rejected(Unfit.IMAGE_MISSING, message) from error

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await patiently(attempt, self._patience, timer=self._timer, step="collect")

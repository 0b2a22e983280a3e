"""The store's web API as a training uses it: the studies that hold a segmentation, series by series."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import aiohttp
from pydantic import Field, TypeAdapter, ValidationError

from meninx.base.errors import BadInput
from meninx.resources.meta import Shape
from meninx.steps.store_client import expect_success, open_session, retrieve, transport_errors


class ListedSeries(Shape):
    """A series of segmentations."""

    series: str
    by_job: bool = False
    """Whether a job of Meninx made it."""


class ListedStudy(Shape):
    """A study that holds a segmentation, in keyed hashes."""

    study: str
    patient: str = ""
    series: list[ListedSeries] = Field(default_factory=list)

    @property
    def case(self) -> str:
        """Return the name of its pair: visits of one patient share what comes before `_ses-`."""
        return f"{self.patient or self.study}_ses-{self.study}"


class Archive(Protocol):
    """Where segmented studies come from."""

    async def studies(self) -> list[ListedStudy]:
        """Return the studies that hold a segmentation."""
        ...

    async def retrieve_series(self, study: str, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series (by hash or UID) to a folder; return the files."""
        ...


_LISTED = TypeAdapter(list[ListedStudy])


class StoreArchive:
    """The store, with the credential of one training."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def studies(self) -> list[ListedStudy]:
        """Return the studies that hold a segmentation."""
        with transport_errors():
            async with self._session.get("segmented-studies") as response:
                await expect_success(response)
                body = await response.json()
        try:
            return _LISTED.validate_python(body["studies"])
        except (KeyError, TypeError, ValidationError) as error:
            raise BadInput("the store's list can't be read: is this the store's URL?") from error

    async def retrieve_series(self, study: str, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series to a folder; return the files."""
        path = f"dicom-web/studies/{quote(study)}/series/{quote(series)}"
        return await retrieve(self._session, path, folder, params={})


@asynccontextmanager
async def open_archive(url: str, token: str) -> AsyncIterator[StoreArchive]:
    """Open the store for one training."""
    async with open_session(url, token) as session:
        yield StoreArchive(session)

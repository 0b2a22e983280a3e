"""The store's web API as the steps use it: read one series, store results, commit them."""

import errno
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp.multipart import MultipartResponseWrapper

from meninx.base.errors import (
    BadInput,
    Conflict,
    MeninxError,
    NotFound,
    OutOfSpace,
    Unauthorised,
    Unavailable,
)
from meninx.resources.inferencejob import Results
from meninx.resources.task import Task

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
_DICOM = 'multipart/related; type="application/dicom"'
_MESSAGE_LENGTH = 300
_CHUNK = 65536
_BY_STATUS: dict[int, type[MeninxError]] = {
    401: Unauthorised,
    403: Unauthorised,
    404: NotFound,
    409: Conflict,
    429: Unavailable,
    507: OutOfSpace,
}


def error_for(status: int, message: str) -> MeninxError:
    """Return the error that an HTTP status of the store stands for."""
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else BadInput)
    return kind(f"the store answered {status}: {message[:_MESSAGE_LENGTH].strip()}")


class StoreClient:
    """A client with the credential of one job."""

    def __init__(self, session: aiohttp.ClientSession, task: Task) -> None:
        self._session = session
        self._task = task
        self._study = f"dicom-web/studies/{quote(task.study)}"

    def for_study(self, study_uid: str) -> "StoreClient":
        """Return a client of the same job whose results are of this study.

        For a job whose input came from elsewhere than the store.
        """
        return StoreClient(self._session, self._task.model_copy(update={"study": study_uid}))

    async def retrieve_series(self, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series, as of the task's revision, to a folder; return the files.

        Nothing is kept in memory but a piece of one instance.
        """
        return await self._retrieve(f"{self._study}/series/{quote(series)}", folder)

    async def retrieve_study(self, folder: Path) -> list[Path]:
        """Write all instances that were received of the study to a folder; return the files."""
        return await self._retrieve(self._study, folder)

    async def _retrieve(self, path: str, folder: Path) -> list[Path]:
        revision = {"revision": str(self._task.revision)}
        return await retrieve(self._session, path, folder, params=revision)

    async def store(self, objects: Sequence[bytes]) -> None:
        """Store result objects (STOW-RS); storing them again changes nothing."""
        with aiohttp.MultipartWriter("related") as body:
            for encoded in objects:
                body.append(io.BytesIO(encoded), {"Content-Type": "application/dicom"})
        headers = {"Content-Type": f"{_DICOM}; boundary={body.boundary}"}
        with transport_errors():
            async with self._session.post(self._study, data=body, headers=headers) as response:
                await expect_success(response)

    async def commit(self, results: Results) -> None:
        """Say which objects and numbers are the job's result; the first commit wins."""
        path = f"jobs/{quote(self._task.namespace)}/{quote(self._task.job)}/results"
        body = {"results": results.manifest(), "job_uid": self._task.job_uid}
        body["study"] = self._task.study
        with transport_errors():
            async with self._session.put(path, json=body) as response:
                await expect_success(response)


async def retrieve(
    session: aiohttp.ClientSession, path: str, folder: Path, *, params: Mapping[str, str]
) -> list[Path]:
    """Write the instances of an answer of the store to a folder; return the files."""
    with transport_errors():
        async with session.get(path, params=params, headers={"Accept": _DICOM}) as response:
            await expect_success(response)
            if not response.content_type.startswith("multipart/"):
                raise BadInput("the store's answer is not multipart: is this the store's URL?")
            return await _write_parts(aiohttp.MultipartReader.from_response(response), folder)


@contextmanager
def transport_errors() -> Iterator[None]:
    """A connection that breaks, and an answer that ends early, are the store being away."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(f"the store can't be reached ({type(error).__name__})") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OutOfSpace("no room for the study's images: enlarge the workspace") from error
        raise


@asynccontextmanager
async def open_session(url: str, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session with the store."""
    async with aiohttp.ClientSession(
        base_url=url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT,
    ) as session:
        yield session


@asynccontextmanager
async def connect(url: str, token: str, task: Task) -> AsyncIterator[StoreClient]:
    """Open a client of the store for one task."""
    async with open_session(url, token) as session:
        yield StoreClient(session, task)


async def expect_success(response: aiohttp.ClientResponse) -> None:
    """Raise the error that the answer stands for, unless it is 200."""
    if response.status != 200:
        raise error_for(response.status, await response.text(errors="replace"))


async def _write_parts(reader: MultipartResponseWrapper, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    while (part := await reader.next()) is not None:
        if not isinstance(part, aiohttp.BodyPartReader):
            raise BadInput("the store sent parts within parts: this is no answer of ours")
        path = folder / f"{len(files):06}.dcm"
        with path.open("wb") as file:
            while chunk := await part.read_chunk(_CHUNK):
                file.write(chunk)
        files.append(path)
    return files

"""WADO-RS of a job's series: the revision of the job, the bytes as received."""

import asyncio

import pytest
from aiohttp import MultipartReader
from tests.support.encoded import encoded_slice
from tests.support.make import SERIES, SERIES_UID, STUDY, STUDY_UID
from tests.unit.web.conftest import Client, bearer

from meninx.store.filemeta import split_file
from meninx.store.store import Store

WANTED = [encoded_slice(number).dataset for number in (1, 2, 3)]


async def _datasets(client: Client, path: str, headers: dict[str, str]) -> list[bytes]:
    async with client.get(path, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "multipart/related"
        reader = MultipartReader.from_response(response)
        found = []
        while (part := await reader.next()) is not None:
            assert not isinstance(part, MultipartReader)
            found.append(split_file(bytes(await part.read()))[1])
        return found


@pytest.mark.parametrize("series", [SERIES, SERIES_UID], ids=["hash", "uid"])
@pytest.mark.parametrize("study", [STUDY, STUDY_UID], ids=["hash", "uid"])
async def test_series_comes_as_it_was_received(client: Client, study: str, series: str) -> None:
    path = f"/dicom-web/studies/{study}/series/{series}?revision=1"
    assert await _datasets(client, path, bearer()) == WANTED


async def test_job_whose_spec_names_the_uid_reads_its_study(client: Client) -> None:
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    assert await _datasets(client, path, bearer(study=STUDY_UID)) == WANTED


async def test_late_slice_never_changes_an_earlier_revision(client: Client, store: Store) -> None:
    late = encoded_slice(4)
    await asyncio.to_thread(store.put, late)
    store.mark_decided(STUDY_UID, revision=2, sop_instance_uids=[late.identity.sop_instance_uid])
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    assert await _datasets(client, f"{path}?revision=1", bearer(revision=2)) == WANTED
    assert len(await _datasets(client, f"{path}?revision=2", bearer(revision=2))) == 4


async def test_revision_that_is_not_settled_is_asked_for_again(client: Client) -> None:
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}?revision=2"
    response = await client.get(path, headers=bearer(revision=2))
    assert response.status == 503
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("path", "claims", "status"),
    [
        (f"/dicom-web/studies/2.25.9/series/{SERIES}", {}, 403),
        (f"/dicom-web/studies/{STUDY}/series/2.25.9", {}, 404),
        (f"/dicom-web/studies/{STUDY}/series/{SERIES}", {"study": "s" + "0" * 20}, 404),
        (f"/dicom-web/studies/{STUDY}/series/{SERIES}", {"expires": 1}, 401),
        (f"/dicom-web/studies/{STUDY}/series/{SERIES}?revision=2", {}, 403),
        (f"/dicom-web/studies/{STUDY}/series/{SERIES}?revision=x", {}, 400),
        (f"/dicom-web/studies/{STUDY}/series/..%2F..%2Findex.sqlite", {}, 404),
    ],
    ids=["other study", "no series", "study gone", "expired", "later", "no number", "path"],
)
async def test_what_the_token_is_not_for_is_refused(
    client: Client, path: str, claims: dict[str, object], status: int
) -> None:
    response = await client.get(path, headers=bearer(**claims))
    assert (response.status, list(await response.json())) == (status, ["error"])


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer x.y"}, {"Authorization": "Basic eDp5"}],
    ids=["none", "forged", "basic"],
)
async def test_no_token_of_ours_is_no_entry(client: Client, headers: dict[str, str]) -> None:
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    assert (await client.get(path, headers=headers)).status == 401


async def test_lost_file_is_said_before_the_first_byte(client: Client, store: Store) -> None:
    store.study_instances(STUDY_UID)[1].path.unlink()
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    response = await client.get(path, headers=bearer())
    assert response.status == 404
    assert "restore" in (await response.json())["error"]

"""Case O-24 (store side): two deliverers of one job, one set of results, the first wins."""

from typing import Any

import aiohttp
import pytest
from tests.support.encoded import encoded_slice
from tests.support.make import NAMESPACE, STUDY, STUDY_UID
from tests.unit.web.conftest import JOB, Client, bearer

from meninx.store.filemeta import FileMeta, encode_file_meta, split_file
from meninx.store.store import Store

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
STUDY_PATH = f"/dicom-web/studies/{STUDY}"
RESULTS_PATH = f"/jobs/{NAMESPACE}/{JOB}/results"


def _object(uid: str = "2.25.501", **attributes: Any) -> bytes:
    made = encoded_slice(SOPClassUID=SEG, SOPInstanceUID=uid, **attributes)
    meta = FileMeta(SEG, uid, made.transfer_syntax_uid, "", None)
    return encode_file_meta(meta) + made.dataset


async def _stow(
    client: Client, *objects: bytes, path: str = STUDY_PATH, **claims: object
) -> aiohttp.ClientResponse:
    with aiohttp.MultipartWriter("related") as body:
        for content in objects:
            body.append(content, {"Content-Type": "application/dicom"})
    kind = f'multipart/related; type="application/dicom"; boundary={body.boundary}'
    return await client.post(path, data=body, headers=bearer(**claims) | {"Content-Type": kind})


async def _commit(client: Client, uids: list[str], findings: int = 1) -> aiohttp.ClientResponse:
    body = {"results": {"findings": findings, "sopInstanceUIDs": uids}, "job_uid": "uid-1"}
    return await client.put(RESULTS_PATH, json=body, headers=bearer())


async def test_stored_object_is_the_jobs_and_no_image_of_the_study(
    client: Client, store: Store
) -> None:
    response = await _stow(client, _object())
    assert response.status == 200
    assert "00081199" in await response.json(content_type=None)
    row = store.instance(STUDY_UID, "2.25.501")
    assert row is not None
    assert row.job_uid == "uid-1"
    assert len(store.study_instances(STUDY_UID)) == 3
    assert store.studies_changed(store.clock.now()) == []


@pytest.mark.rule("once")
async def test_second_copy_succeeds_and_the_first_stays(client: Client, store: Store) -> None:
    first = _object(ContentDescription="first")
    assert (await _stow(client, first)).status == 200
    assert (await _stow(client, _object(ContentDescription="second"))).status == 200
    row = store.instance(STUDY_UID, "2.25.501")
    assert row is not None
    assert split_file(row.path.read_bytes())[1] == split_file(first)[1]


@pytest.mark.rule("once")
async def test_second_commit_gets_the_first_ones_results(client: Client, store: Store) -> None:
    await _stow(client, _object(), _object("2.25.502"))
    assert (await _commit(client, ["2.25.501"])).status == 200
    again = await _commit(client, ["2.25.501", "2.25.502"], findings=2)
    assert again.status == 200
    assert (await again.json())["results"]["findings"] == 1
    (row,) = store.results()
    assert row.sop_instance_uids == ("2.25.501",)


async def test_commit_of_an_object_that_is_not_stored_conflicts(
    client: Client, store: Store
) -> None:
    assert (await _commit(client, ["2.25.501"])).status == 409
    assert store.results() == []


async def test_commit_without_objects_is_a_healthy_study(client: Client, store: Store) -> None:
    assert (await _commit(client, [], findings=0)).status == 200
    assert store.results()[0].results["findings"] == 0


@pytest.mark.parametrize(
    ("path", "job_uid", "status"),
    [(RESULTS_PATH, "uid-2", 403), (f"/jobs/{NAMESPACE}/other/results", "uid-1", 403)],
    ids=["uid", "name"],
)
async def test_commit_for_another_job_is_refused(
    client: Client, path: str, job_uid: str, status: int
) -> None:
    body = {"results": {"findings": 0}, "job_uid": job_uid}
    assert (await client.put(path, json=body, headers=bearer())).status == status


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"results": {"findings": "x"}, "job_uid": "uid-1"}'], ids=str
)
async def test_commit_that_can_not_be_read_is_bad_input(client: Client, body: bytes) -> None:
    assert (await client.put(RESULTS_PATH, data=body, headers=bearer())).status == 400


async def test_object_of_another_study_is_not_taken(client: Client, store: Store) -> None:
    response = await _stow(client, _object(StudyInstanceUID="2.25.9"), b"junk")
    assert response.status == 409
    failed = (await response.json(content_type=None))["00081198"]["Value"]
    assert [item["00081197"]["Value"] for item in failed] == [[0xA900], [0xC000]]
    assert store.find_study("2.25.9") is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dicom", b"x"),
        ("multipart/related; boundary=x", b"junk"),
        ('multipart/related; type="application/dicom"', b"--x--"),
        ("multipart/related; boundary=x", b"--x--\r\n"),
    ],
    ids=["one object", "junk", "no boundary", "empty"],
)
async def test_body_that_is_no_multipart_is_bad_input(
    client: Client, kind: str, body: bytes
) -> None:
    headers = bearer() | {"Content-Type": kind}
    assert (await client.post(STUDY_PATH, data=body, headers=headers)).status == 400

"""Credentials of jobs whose input did not come through a route: a pulled study, a volume's folder."""

import pytest
from tests.support.encoded import encoded_slice
from tests.support.make import NAMESPACE, STUDY, STUDY_UID
from tests.unit.web.conftest import JOB, Client, bearer
from tests.unit.web.test_results_are_committed_once import _object, _stow

from meninx.store.store import Store

OTHER = "2.25.4711"
RESULTS_PATH = f"/jobs/{NAMESPACE}/{JOB}/results"
NOTHING_READ = {"study": "", "revision": 0}


async def test_volumes_job_reads_no_study_of_the_store(client: Client) -> None:
    response = await client.get(f"/dicom-web/studies/{STUDY}", headers=bearer(**NOTHING_READ))
    assert response.status == 403


async def test_volumes_job_stores_and_commits_results_of_its_own_study(
    client: Client, store: Store
) -> None:
    made = _object("2.25.601", StudyInstanceUID=OTHER)
    stored = await _stow(client, made, path=f"/dicom-web/studies/{OTHER}", **NOTHING_READ)
    body = {"results": {"findings": 1, "sopInstanceUIDs": ["2.25.601"]}, "job_uid": "uid-1"}
    committed = await client.put(
        RESULTS_PATH, json=body | {"study": OTHER}, headers=bearer(**NOTHING_READ)
    )
    assert (stored.status, committed.status) == (200, 200)
    assert [row.study_uid for row in store.results()] == [OTHER]


async def test_volumes_job_stores_results_of_one_study_only(client: Client) -> None:
    made = _object("2.25.601", StudyInstanceUID=OTHER)
    await _stow(client, made, path=f"/dicom-web/studies/{OTHER}", **NOTHING_READ)
    second = await _stow(client, _object(), path=f"/dicom-web/studies/{STUDY_UID}", **NOTHING_READ)
    assert second.status == 403


async def test_result_never_joins_a_study_of_another_patient(client: Client) -> None:
    made = _object("2.25.602", PatientID="MNX-0002")
    response = await _stow(client, made, path=f"/dicom-web/studies/{STUDY_UID}", **NOTHING_READ)
    assert response.status == 409


async def test_pulled_study_is_read_whole_decided_on_or_not(client: Client, store: Store) -> None:
    store.put(encoded_slice(9))
    headers = bearer(study=STUDY_UID, revision=0)
    response = await client.get(f"/dicom-web/studies/{STUDY_UID}", headers=headers)
    assert (await response.read()).count(b"Content-Type: application/dicom;") == 4


@pytest.mark.parametrize("asked", ["not-a-uid", STUDY], ids=["words", "hash"])
async def test_results_without_a_study_need_a_uid(client: Client, asked: str) -> None:
    response = await _stow(client, _object(), path=f"/dicom-web/studies/{asked}", **NOTHING_READ)
    assert response.status == 400

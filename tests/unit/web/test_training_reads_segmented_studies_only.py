"""The credential of a training: it lists and reads studies with a segmentation, and stores nothing."""

from typing import Any

import pytest
from tests.support.encoded import encoded_slice
from tests.support.identity import PATIENT_ID
from tests.support.make import NAMESPACE, PRIVACY_KEY, SERIES, STUDY, STUDY_UID
from tests.unit.web.conftest import JOB, Client, bearer
from tests.unit.web.test_results_are_committed_once import _object, _stow

from meninx.base.privacy import pseudonym, series_hash
from meninx.base.tokens import SEGMENTED
from meninx.store.rows import JobOrigin
from meninx.store.store import Store

SEG_CLASS, SEG_SERIES = "1.2.840.10008.5.1.4.1.1.66.4", "2.25.700"
TRAINING = {"study": "", "revision": 0, "reads": SEGMENTED}
SERIES_PATH = f"/dicom-web/studies/{STUDY}/series"


def add_seg(store: Store, *, origin: JobOrigin | None = None, decided: bool = True) -> None:
    seg = encoded_slice(
        30, SOPClassUID=SEG_CLASS, SeriesInstanceUID=SEG_SERIES, SOPInstanceUID="2.25.701",
        origin=origin,
    )  # fmt: skip
    store.put(seg)
    if decided:
        store.mark_decided(STUDY_UID, revision=2, sop_instance_uids=["2.25.701"])


async def listed(client: Client, **claims: Any) -> Any:
    response = await client.get("/segmented-studies", headers=bearer(**(TRAINING | claims)))
    return (await response.json()).get("studies") if response.status == 200 else response.status


@pytest.mark.parametrize("by_job", [False, True], ids=["received", "made by a job"])
async def test_study_with_a_segmentation_is_listed_by_its_hashes(
    client: Client, store: Store, by_job: bool
) -> None:
    add_seg(store, origin=JobOrigin(NAMESPACE, JOB, "uid-1") if by_job else None)
    series = {"series": series_hash(PRIVACY_KEY, SEG_SERIES), "byJob": by_job}
    patient = pseudonym(PRIVACY_KEY, "p", PATIENT_ID)
    assert await listed(client) == [{"study": STUDY, "patient": patient, "series": [series]}]


async def test_study_without_a_segmentation_is_not_listed(client: Client) -> None:
    assert await listed(client) == []


async def test_study_that_still_arrives_is_not_listed(client: Client, store: Store) -> None:
    add_seg(store, decided=False)
    assert await listed(client) == []


async def test_credential_of_a_job_lists_nothing(client: Client, store: Store) -> None:
    add_seg(store)
    assert await listed(client, reads="") == 403


@pytest.mark.parametrize("asked", [SERIES, series_hash(PRIVACY_KEY, SEG_SERIES), SEG_SERIES])
async def test_training_reads_the_series_of_a_segmented_study(
    client: Client, store: Store, asked: str
) -> None:
    add_seg(store, origin=JobOrigin(NAMESPACE, JOB, "uid-1"))
    response = await client.get(f"{SERIES_PATH}/{asked}", headers=bearer(**TRAINING))
    assert response.status == 200
    count = 3 if asked == SERIES else 1
    assert (await response.read()).count(b"Content-Type: application/dicom;") == count


@pytest.mark.rule("least-privilege")
async def test_training_reads_no_other_study(client: Client) -> None:
    response = await client.get(f"{SERIES_PATH}/{SERIES}", headers=bearer(**TRAINING))
    assert response.status == 403


@pytest.mark.rule("least-privilege")
async def test_training_stores_and_commits_nothing(client: Client, store: Store) -> None:
    add_seg(store)
    path = f"/dicom-web/studies/{STUDY_UID}"
    stored = await _stow(client, _object("2.25.601"), path=path, **TRAINING)
    body = {"results": {"findings": 0}, "job_uid": "uid-1", "study": STUDY_UID}
    results = f"/jobs/{NAMESPACE}/{JOB}/results"
    committed = await client.put(results, json=body, headers=bearer(**TRAINING))
    assert (stored.status, committed.status) == (403, 403)
    assert store.results() == []

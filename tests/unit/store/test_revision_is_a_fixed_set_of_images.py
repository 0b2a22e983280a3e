"""What routing asks of the store and says to it: studies changed, revisions, patients."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.support.clock import START, FakeClock
from tests.support.encoded import encoded_slice
from tests.support.make import PRIVACY_KEY, SERIES, SERIES_UID, STUDY_UID

from meninx.base.errors import Unavailable
from meninx.store.rows import JobOrigin
from meninx.store.store import Store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = Store.open(tmp_path, PRIVACY_KEY, clock=clock, reserve_bytes=0)
    yield opened
    opened.close()


def _put(store: Store, *numbers: int) -> list[str]:
    sent = [encoded_slice(number) for number in numbers]
    for one in sent:
        store.put(one)
    return [one.identity.sop_instance_uid for one in sent]


def test_study_is_changed_only_after_it_was_quiet(store: Store, clock: FakeClock) -> None:
    _put(store, 1)
    assert store.studies_changed(START - dt.timedelta(seconds=1)) == []
    (study,) = store.studies_changed(START)
    assert (study.study_uid, study.revision, study.instances) == (STUDY_UID, 0, 1)
    clock.advance(4)
    _put(store, 2)
    assert store.studies_changed(START) == []


def test_decided_study_is_not_changed_until_a_new_slice(store: Store, clock: FakeClock) -> None:
    uids = _put(store, 1, 2)
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=uids)
    later = clock.advance(60)
    assert store.studies_changed(later) == []
    _put(store, 3)
    (study,) = store.studies_changed(later)
    assert (study.revision, study.instances) == (1, 3)


def test_revision_holds_what_was_decided_up_to_it(store: Store) -> None:
    first = _put(store, 1, 2)
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=first)
    late = _put(store, 3)
    store.mark_decided(STUDY_UID, revision=2, sop_instance_uids=[*first, *late])
    held = {
        revision: [
            row.sop_instance_uid
            for row in store.series_instances(STUDY_UID, SERIES_UID, revision=revision)
        ]
        for revision in (1, 2)
    }
    assert held == {1: first, 2: first + late}


def test_slice_that_came_while_deciding_stays_undecided(store: Store, clock: FakeClock) -> None:
    seen = _put(store, 1)
    _put(store, 2)
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=seen)
    assert [row.revision for row in store.study_instances(STUDY_UID)] == [1, None]
    assert len(store.studies_changed(clock.now())) == 1


def test_more_instances_than_a_statement_takes_are_decided(store: Store) -> None:
    uids = _put(store, 1)
    many = [f"2.25.9{number}" for number in range(1200)]
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=many + uids)
    assert [row.revision for row in store.study_instances(STUDY_UID)] == [1]


def test_result_object_never_changes_the_study(store: Store, clock: FakeClock) -> None:
    uids = _put(store, 1)
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=uids)
    later = clock.advance(60)
    store.put(encoded_slice(9, origin=JobOrigin("meninx", "job", "uid-1")))
    assert store.studies_changed(later) == []
    study = store.find_study(STUDY_UID)
    assert study is not None
    assert (study.last_received, study.instances) == (START, 1)


def test_patient_key_tells_patients_apart_but_not_padding(store: Store) -> None:
    ids = ["MNX-0001", "MNX-0001 ", "MNX-0002", None]
    for number, patient in enumerate(ids, 1):
        store.put(encoded_slice(number, PatientID=patient))
    keys = [row.patient_key for row in store.study_instances(STUDY_UID)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == ""
    assert "MNX" not in "".join(keys)


def test_series_is_found_only_in_its_study(store: Store) -> None:
    _put(store, 1)
    assert store.find_series(STUDY_UID, SERIES) == SERIES_UID
    assert store.find_series(STUDY_UID, SERIES_UID) == SERIES_UID
    assert store.find_series("2.25.9", SERIES_UID) is None


def test_change_that_fails_fails_alone(store: Store) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(text("insert into nothing values (1)"))

    with pytest.raises(Unavailable, match="index"):
        store.change(broken)
    assert store.is_writing
    assert _put(store, 1)


def test_closed_store_takes_nothing_more(store: Store) -> None:
    store.close()
    with pytest.raises(Unavailable, match="closing"):
        store.put(encoded_slice())

"""What was kept is there after a restart, once, unchanged."""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.clock import FakeClock
from tests.support.encoded import encoded_slice
from tests.support.make import PRIVACY_KEY, STUDY, STUDY_UID

from meninx.base.errors import OutOfSpace
from meninx.store.filemeta import split_file
from meninx.store.store import Store
from meninx.store.writer import Kept


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path, PRIVACY_KEY, clock=FakeClock(), reserve_bytes=0)
    yield opened
    opened.close()


def _files(data: Path) -> list[Path]:
    return sorted(path for path in (data / "instances").rglob("*") if path.is_file())


@pytest.mark.rule("acknowledged-means-safe")
def test_instance_is_there_after_reopening(store: Store, tmp_path: Path) -> None:
    sent = encoded_slice()
    assert store.put(sent) is Kept.NEW
    again = Store.open(tmp_path, PRIVACY_KEY, reserve_bytes=0)
    (row,) = again.study_instances(STUDY_UID)
    meta, dataset = split_file(row.path.read_bytes())
    again.close()
    assert dataset == sent.dataset
    assert (meta.calling_aet, row.calling_aet) == ("SCANNER1", "SCANNER1")


@pytest.mark.rule("acknowledged-means-safe")
def test_full_disk_while_writing_leaves_neither_file_nor_row(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutOfSpace):
            store.put(encoded_slice())
    assert (_files(tmp_path), store.study_instances(STUDY_UID)) == ([], [])
    assert store.put(encoded_slice()) is Kept.NEW


def test_little_free_space_is_refused_before_writing(tmp_path: Path) -> None:
    store = Store.open(tmp_path, PRIVACY_KEY, reserve_bytes=1 << 60)
    with pytest.raises(OutOfSpace, match="bytes are free"):
        store.put(encoded_slice())
    store.close()
    assert _files(tmp_path) == []


@pytest.mark.rule("acknowledged-means-safe")
def test_failed_index_leaves_no_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise OutOfSpace("no room for the index: free space on its volume")

    monkeypatch.setattr(store._index, "record", broken)
    with pytest.raises(OutOfSpace):
        store.put(encoded_slice())
    assert _files(tmp_path) == []


def test_identical_copy_changes_only_the_study_clock(store: Store, tmp_path: Path) -> None:
    clock = store.clock
    assert isinstance(clock, FakeClock)
    store.put(encoded_slice())
    before = _files(tmp_path)[0].stat().st_mtime_ns
    later = clock.advance(30)
    assert store.put(encoded_slice()) is Kept.SAME
    (study,) = store.studies_changed(later)
    assert (study.instances, study.last_received) == (1, later)
    assert _files(tmp_path)[0].stat().st_mtime_ns == before


def test_different_copy_under_one_uid_keeps_the_first(store: Store) -> None:
    first = encoded_slice(SOPInstanceUID="2.25.77")
    store.put(first)
    other = encoded_slice(SOPInstanceUID="2.25.77", SeriesDescription="changed")
    assert store.put(other) is Kept.FIRST
    (row,) = store.study_instances(STUDY_UID)
    assert split_file(row.path.read_bytes())[1] == first.dataset


def test_two_senders_of_one_slice_at_once_keep_one_copy(store: Store) -> None:
    for number in range(1, 51):
        _send_twice_at_once(store, number)
        row = store.study_instances(STUDY_UID)[-1]
        dataset = split_file(row.path.read_bytes())[1]
        wanted = encoded_slice(number).dataset
        assert hashlib.sha256(dataset).digest() == hashlib.sha256(wanted).digest()
    assert len(store.study_instances(STUDY_UID)) == 50


def _send_twice_at_once(store: Store, number: int) -> None:
    barrier, kept = threading.Barrier(2), []

    def send() -> None:
        sent = encoded_slice(number)
        barrier.wait()
        kept.append(store.put(sent))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == [Kept.NEW, Kept.SAME]


def test_study_and_series_are_found_by_hash_and_uid(store: Store) -> None:
    store.put(encoded_slice())
    by_hash, by_uid = store.find_study(STUDY), store.find_study(STUDY_UID)
    assert by_hash == by_uid
    assert by_hash is not None
    assert by_hash.study_uid == STUDY_UID
    assert store.find_study("2.25.999") is None

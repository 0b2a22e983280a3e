"""After a kill, index and files agree again, and what can't be mended is counted."""

from pathlib import Path

import pytest
from tests.support.encoded import encoded_slice
from tests.support.make import PRIVACY_KEY, STUDY_UID

from meninx.store.filemeta import split_file
from meninx.store.repair import Repaired
from meninx.store.rows import InstanceRow, JobOrigin
from meninx.store.store import Store

ORIGIN = JobOrigin("meninx", "job", "uid-1")


def _open(data: Path) -> Store:
    return Store.open(data, PRIVACY_KEY, reserve_bytes=0)


def _filled(data: Path) -> list[InstanceRow]:
    store = _open(data)
    for number in (1, 2):
        store.put(encoded_slice(number))
    store.put(encoded_slice(3, origin=ORIGIN))
    rows = store._index.instances(STUDY_UID)
    store.close()
    return rows


def _facts(row: InstanceRow) -> tuple[object, ...]:
    return (
        row.sop_instance_uid,
        row.series_uid,
        row.sop_class_uid,
        row.transfer_syntax_uid,
        row.path,
        row.calling_aet,
        row.patient_key,
        row.job_uid,
    )


@pytest.mark.rule("acknowledged-means-safe")
def test_lost_index_is_rebuilt_from_the_files(tmp_path: Path) -> None:
    before = _filled(tmp_path)
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    store = _open(tmp_path)
    after = store._index.instances(STUDY_UID)
    store.close()
    assert store.repaired == Repaired(indexed=3, lost=0, unreadable=0, aside=0)
    assert sorted(map(_facts, after)) == sorted(map(_facts, before))


def test_second_start_has_nothing_to_repair(tmp_path: Path) -> None:
    _filled(tmp_path)
    store = _open(tmp_path)
    store.close()
    assert store.repaired == Repaired(0, 0, 0, 0)


def test_row_without_a_file_is_counted_and_healed_by_sending_again(tmp_path: Path) -> None:
    _filled(tmp_path)[0].path.unlink()
    store = _open(tmp_path)
    assert store.repaired.lost == 1
    store.put(encoded_slice(1))
    row = store.study_instances(STUDY_UID)[0]
    assert split_file(row.path.read_bytes())[1] == encoded_slice(1).dataset
    assert len(store.study_instances(STUDY_UID)) == 2
    store.close()


def test_unfinished_file_is_removed_and_a_foreign_one_left(tmp_path: Path) -> None:
    folder = _filled(tmp_path)[0].path.parent
    (folder / ".x.dcm.1.aa.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("put here by hand")
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"junk")
    store = _open(tmp_path)
    store.close()
    assert store.repaired == Repaired(indexed=0, lost=0, unreadable=2, aside=1)
    left = {path.name for path in folder.iterdir()}
    assert {"broken.dcm", "notes.txt"} < left
    assert not {name for name in left if name.endswith(".part")}

"""Case O-06: the same instance received twice is one instance, and no new revision."""

import threading
from pathlib import Path

from tests.support.dicom_peers import associated, send_bytes
from tests.support.encoded import encoded_slice
from tests.support.make import STUDY_UID

from meninx.ingress.listener import Listener
from meninx.store.filemeta import split_file
from meninx.store.store import Store

PAIRS = 50


def _send_all(port: int, barrier: threading.Barrier, folder: Path, statuses: list[int]) -> None:
    folder.mkdir()
    with associated(port) as association:
        for number in range(1, PAIRS + 1):
            sent = encoded_slice(number)
            barrier.wait(timeout=20)
            statuses.append(send_bytes(association, sent, folder) or 0)


def test_fifty_slices_sent_by_two_at_once_are_fifty(
    listener: Listener, store: Store, tmp_path: Path
) -> None:
    barrier, statuses = threading.Barrier(2), list[int]()
    senders = [
        threading.Thread(target=_send_all, args=(listener.port, barrier, tmp_path / name, statuses))
        for name in ("a", "b")
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert statuses == [0] * PAIRS * 2
    kept = [split_file(row.path.read_bytes())[1] for row in store.study_instances(STUDY_UID)]
    assert sorted(kept) == sorted(encoded_slice(n).dataset for n in range(1, PAIRS + 1))


def test_study_sent_again_is_not_changed(listener: Listener, store: Store, tmp_path: Path) -> None:
    _send_study(listener, tmp_path)
    uids = [row.sop_instance_uid for row in store.study_instances(STUDY_UID)]
    store.mark_decided(STUDY_UID, revision=1, sop_instance_uids=uids)
    before = store.find_study(STUDY_UID)
    _send_study(listener, tmp_path)
    after = store.find_study(STUDY_UID)
    assert before is not None
    assert after is not None
    assert store.studies_changed(after.last_received) == []
    assert after.last_received > before.last_received
    assert (after.revision, after.instances) == (1, 5)


def _send_study(listener: Listener, folder: Path) -> None:
    with associated(listener.port) as association:
        for number in range(1, 6):
            assert send_bytes(association, encoded_slice(number), folder) == 0x0000


def test_association_that_delivered_keeps_its_study_open(
    listener: Listener, store: Store, tmp_path: Path
) -> None:
    with associated(listener.port) as association:
        send_bytes(association, encoded_slice(), tmp_path)
        assert store.open_associations(STUDY_UID)
    listener.stop(patience_seconds=5)
    assert not store.open_associations(STUDY_UID)

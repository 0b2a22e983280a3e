"""A real process, a real SIGKILL during a send: what was acknowledged is there, whole."""

import random
import threading
import time
from pathlib import Path

import pytest
from tests.support.dicom_peers import associated, send_bytes
from tests.support.encoded import encoded_slice
from tests.support.identity import leaks
from tests.support.ingress_process import ingress_process
from tests.support.make import PRIVACY_KEY, STUDY_UID

from meninx.store.filemeta import split_file
from meninx.store.store import Store
from meninx.store.writer import Encoded

LIMIT_BYTES = 400 * 1024 * 1024
_PIXELS = random.Random(1).randbytes(131072)


def _big_slice(number: int) -> Encoded:
    return encoded_slice(number, BurnedInAnnotation="NO", PixelData=_PIXELS, Rows=256, Columns=256)


def _send_until_cut(port: int, folder: Path, first: int, acknowledged: list[int]) -> None:
    folder.mkdir(exist_ok=True)
    with associated(port) as association:
        for number in range(first, first + 10000):
            if not association.is_established:
                return
            try:
                status = send_bytes(association, _big_slice(number), folder)
            except RuntimeError:
                return
            if status == 0:
                acknowledged.append(number)


def _kill_during_send(folder: Path, seed: int, acknowledged: list[int]) -> None:
    with ingress_process(folder) as ingress:
        senders = [
            threading.Thread(
                target=_send_until_cut,
                args=(ingress.dicom_port, folder / f"s{lane}", seed + lane * 20000, acknowledged),
            )
            for lane in range(2)
        ]
        enough = len(acknowledged) + 5
        for sender in senders:
            sender.start()
        while len(acknowledged) < enough:
            time.sleep(0.01)
        time.sleep(random.Random(seed).random() / 5)
        ingress.kill()
        for sender in senders:
            sender.join()


@pytest.mark.timeout(180)
@pytest.mark.rule("acknowledged-means-safe")
def test_killed_ingress_holds_every_acknowledged_instance_whole(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for life in range(3):
        _kill_during_send(tmp_path, 1 + life * 50000, acknowledged)
    with ingress_process(tmp_path) as ingress:
        assert ingress.stop() == 0
    store = Store.open(tmp_path / "data", PRIVACY_KEY)
    held = {row.sop_instance_uid: row for row in store.study_instances(STUDY_UID)}
    files = [path for path in (tmp_path / "data/instances").rglob("*") if path.is_file()]
    store.close()
    sent = {number: _big_slice(number) for number in acknowledged}
    assert sent.keys() - {n for n in sent if sent[n].identity.sop_instance_uid in held} == set()
    assert all(
        split_file(held[one.identity.sop_instance_uid].path.read_bytes())[1] == one.dataset
        for one in sent.values()
    )
    assert sorted(files) == sorted(row.path for row in held.values())
    assert leaks((tmp_path / "log").read_text()) == []


@pytest.mark.timeout(120)
def test_ingress_told_to_end_lets_an_open_association_finish(tmp_path: Path) -> None:
    with ingress_process(tmp_path) as ingress:
        with associated(ingress.dicom_port) as association:
            assert send_bytes(association, _big_slice(1), tmp_path) == 0
            ingress.process.terminate()
            time.sleep(1.5)
            with associated(ingress.dicom_port) as late:
                assert not late.is_established
            assert send_bytes(association, _big_slice(2), tmp_path) == 0
        assert ingress.process.wait(timeout=30) == 0
    store = Store.open(tmp_path / "data", PRIVACY_KEY)
    assert len(store.study_instances(STUDY_UID)) == 2
    store.close()


@pytest.mark.timeout(180)
def test_large_study_is_received_within_the_memory_limit(tmp_path: Path) -> None:
    with ingress_process(tmp_path) as ingress:
        with associated(ingress.dicom_port) as association:
            for number in range(1, 301):
                assert send_bytes(association, _big_slice(number), tmp_path) == 0
        assert ingress.peak_memory_bytes() < LIMIT_BYTES
        assert ingress.stop() == 0

"""A job that names a study of a DicomNode: pulled, counted, and said on the job; never half."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.archive import FIND, GET, Archive, serving_archive
from tests.support.clock import FakeClock
from tests.support.dicom_peers import free_port
from tests.support.fake_kube import FakeKube
from tests.support.identity import leaks
from tests.support.make import NAMESPACE, PRIVACY_KEY, STUDY_UID, inferencejob, manifest
from tests.support.series import mr_series

from meninx.ingress.pull import Puller, Wanting, missing, wanted
from meninx.kube.conditions import find
from meninx.kube.kinds import INFERENCEJOB
from meninx.peers.dimse import Caller
from meninx.peers.query import HeldSeries
from meninx.store.store import Store

JOB = "pulled-1"
INPUT = {"dicomNode": {"name": "archive", "studyInstanceUID": STUDY_UID}}


@dataclass
class Site:
    """A store, an API server, and an ingress that pulls."""

    store: Store
    kube: FakeKube
    clock: FakeClock
    wanting: Wanting
    puller: Puller

    def node(self, port: int, **spec: Any) -> None:
        """Make the DicomNode of the archive."""
        whole = {"aeTitle": "ARCHIVE", "host": "127.0.0.1", "port": port, "maySend": True}
        self.kube.add(manifest("DicomNode", "archive", whole | spec))

    def turn(self, seconds: float = 0) -> dict[str, Any]:
        """Let the puller look, as the watch tells it; return the job's condition."""
        self.clock.advance(seconds)
        job = self.kube.get(INFERENCEJOB, NAMESPACE, JOB)
        assert job is not None
        self.wanting.changed(INFERENCEJOB, "MODIFIED", job)
        self.puller.turn(self.clock.now())
        after = self.kube.get(INFERENCEJOB, NAMESPACE, JOB) or {}
        return dict(find(after["status"]["conditions"], "Pulled") or {})

    @property
    def images(self) -> int:
        """How many images the store has received of the study."""
        return len(self.store.received(STUDY_UID, revision=None))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = FakeClock()
    store = Store.open(tmp_path, PRIVACY_KEY, clock=clock, reserve_bytes=0)
    kube, wanting = FakeKube(clock), Wanting()
    caller = Caller("MENINX", timeout_seconds=10, connect_seconds=5)
    puller = Puller(store, kube, wanting, namespace=NAMESPACE, caller=caller)
    kube.add(inferencejob(JOB, input=INPUT))
    yield Site(store, kube, clock, wanting, puller)
    store.close()


@pytest.fixture
def archive() -> Iterator[Archive]:
    with serving_archive(mr_series(6)) as opened:
        yield opened


def test_study_is_in_the_store_before_the_job_may_start(site: Site, archive: Archive) -> None:
    site.node(archive.port)
    said = site.turn()
    assert (said["status"], said["reason"]) == ("True", "Fetched")
    assert site.images == 6
    assert site.wanting.jobs() == []


@pytest.mark.rule("complete-or-not-at-all")
def test_half_a_study_waits_and_is_asked_for_again(site: Site, archive: Archive) -> None:
    site.node(archive.port)
    archive.sends = 4
    said = site.turn()
    assert (said["status"], said["reason"]) == ("False", "WaitingForInput")
    assert "2 images of 1 series are missing" in said["message"]
    archive.sends = None
    assert site.turn(seconds=6)["status"] == "True"
    assert site.images == 6


def test_study_that_is_held_already_is_not_sent_again(site: Site, archive: Archive) -> None:
    site.node(archive.port)
    site.turn()
    site.kube.delete(INFERENCEJOB, NAMESPACE, JOB)
    site.kube.add(inferencejob(JOB, input=INPUT))
    assert site.turn(seconds=60)["status"] == "True"
    assert archive.asked == ["find", "get", "find"]


def test_node_without_c_find_is_trusted_to_send_all(site: Site) -> None:
    with serving_archive(mr_series(6), models=[GET]) as archive:
        site.node(archive.port)
        assert site.turn()["status"] == "True"


@pytest.mark.parametrize(
    ("images", "models", "said"),
    [
        ([], [FIND, GET], "it does not know the study"),
        (mr_series(6), [FIND], "it does not offer C-GET"),
    ],
    ids=["unknown study", "no C-GET"],
)
def test_node_that_can_not_serve_says_why(
    site: Site, images: list[Any], models: list[str], said: str
) -> None:
    with serving_archive(images, models) as archive:
        site.node(archive.port)
        assert said in site.turn()["message"]


def test_node_that_is_away_is_asked_with_growing_pauses(site: Site) -> None:
    site.node(free_port())
    assert "can't be reached" in site.turn()["message"]
    looks = []
    for second in range(1, 40):
        before = len([call for call in site.kube.calls if call.kind == "DicomNode"])
        site.turn(seconds=1)
        if len([call for call in site.kube.calls if call.kind == "DicomNode"]) > before:
            looks.append(second)
    assert looks == [5, 15, 35]


@pytest.mark.parametrize("spec", [None, {"maySend": False}], ids=["absent", "may not send"])
def test_node_that_may_not_send_is_never_asked(
    site: Site, archive: Archive, spec: dict[str, Any] | None
) -> None:
    if spec is not None:
        site.node(archive.port, **spec)
    assert site.turn()["status"] == "False"
    assert archive.asked == []


@pytest.mark.rule("no-patient-in-the-control-plane")
def test_neither_patient_nor_study_is_in_the_status(site: Site, archive: Archive) -> None:
    site.node(archive.port)
    archive.sends = 4
    text = str(site.turn())
    assert leaks(text) == []
    assert STUDY_UID not in text


@pytest.mark.parametrize(
    "job",
    [
        inferencejob(JOB),
        inferencejob(JOB, input=INPUT, cancel=True),
        inferencejob(JOB, input=INPUT, suspend=True),
        inferencejob(JOB, input=INPUT, status={"phase": "Failed"}),
    ],
    ids=["of the store", "cancelled", "suspended", "ended"],
)
def test_jobs_that_need_no_study_are_left_alone(job: dict[str, Any]) -> None:
    assert wanted(job) is None


def test_objects_that_are_no_images_are_not_waited_for() -> None:
    held = (HeldSeries("2.25.1", 3, "MR"), HeldSeries("2.25.2", 1, "SR"))
    assert missing(held, {"2.25.1": 3}) is None

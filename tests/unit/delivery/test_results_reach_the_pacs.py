"""The outbox sends each result to each destination, for as long as it takes, and says so."""

from collections.abc import Callable

import pytest
from pynetdicom.sop_class import Comprehensive3DSRStorage, SegmentationStorage
from tests.support import make
from tests.support.clock import FakeClock
from tests.support.dicom_peers import fake_pacs
from tests.support.fake_kube import FakeKube
from tests.support.identity import leaks
from tests.unit.delivery.conftest import JOB, delivered, turns

from meninx.base.errors import Unavailable
from meninx.delivery.loop import Loop
from meninx.kube.kinds import DICOMNODE, INFERENCEJOB

BOTH = (SegmentationStorage, Comprehensive3DSRStorage)
Commit = Callable[..., list[str]]


def _job(kube: FakeKube) -> make.Manifest:
    job = kube.get(INFERENCEJOB, make.NAMESPACE, JOB)
    assert job is not None
    return job


def test_both_objects_are_delivered_and_reported(
    loop: Loop, kube: FakeKube, commit: Commit, port: int
) -> None:
    uids = commit(*BOTH)
    with fake_pacs(port, classes=BOTH) as pacs:
        turns(loop)
    assert sorted(pacs.taken) == uids
    status = _job(kube)["status"]
    assert status["results"]["sopInstanceUIDs"] == uids
    conditions = make.conditions_of(_job(kube))
    assert conditions["Stored"]["status"] == "True"
    assert delivered(kube) == ("True", "Delivered")
    assert [event.reason for event in kube.events] == ["Delivered"]


@pytest.mark.rule("acknowledged-means-safe")
def test_pacs_that_was_down_gets_the_result_when_it_is_back(
    loop: Loop, kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    uids = commit(*BOTH)
    for _ in range(4):
        turns(loop)
        assert delivered(kube) == ("False", "DeliveryPending")
        clock.advance(60)
    with fake_pacs(port, classes=BOTH) as pacs:
        turns(loop)
    assert sorted(pacs.taken) == uids
    assert delivered(kube) == ("True", "Delivered")


@pytest.mark.rule("once")
def test_restarted_process_goes_on_and_sends_nothing_twice(
    new_loop: Callable[[], Loop], kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    uids = commit(*BOTH)
    with fake_pacs(port, classes=BOTH, answers=[0x0000, 0xA700]) as pacs:
        turns(new_loop())
        assert pacs.taken == uids[:1]
        clock.advance(60)
        turns(new_loop())
        turns(new_loop())
    assert pacs.taken == uids
    assert delivered(kube) == ("True", "Delivered")


REFUSALS = {
    "refused for good": ([0xA900, 0x0000], "DeliveryRefused"),
    "cannot understand": ([0x0000, 0xC000], "DeliveryRefused"),
    "class not supported": ([0x0122, 0x0000], "DeliveryRefused"),
}


@pytest.mark.parametrize(("answers", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_one_refused_object_fails_the_delivery_whatever_came_last(
    loop: Loop, kube: FakeKube, commit: Commit, port: int, answers: list[int], reason: str
) -> None:
    commit(*BOTH)
    with fake_pacs(port, classes=BOTH, answers=answers) as pacs:
        turns(loop)
    assert len(pacs.taken) == 1
    assert delivered(kube) == ("False", reason)
    assert kube.events[-1].type == "Warning"


def test_class_that_the_pacs_does_not_take_is_its_own_reason(
    loop: Loop, kube: FakeKube, commit: Commit, port: int
) -> None:
    uids = commit(*BOTH)
    with fake_pacs(port, classes=[Comprehensive3DSRStorage]) as pacs:
        turns(loop)
    assert pacs.taken == uids[1:]
    assert delivered(kube) == ("False", "NoPresentationContext")


def test_warning_of_the_pacs_is_a_delivery(
    loop: Loop, kube: FakeKube, commit: Commit, port: int
) -> None:
    commit(SegmentationStorage)
    with fake_pacs(port, classes=BOTH, answers=[0xB007]):
        turns(loop)
    assert delivered(kube) == ("True", "Delivered")


def test_unknown_destination_waits_until_it_is_made(
    loop: Loop, kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    commit(SegmentationStorage, destinations=[{"name": "archive"}])
    turns(loop)
    assert delivered(kube) == ("False", "DestinationUnknown")
    kube.apply(DICOMNODE, make.dicomnode("archive", port=port), manager="test")
    clock.advance(60)
    with fake_pacs(port, classes=BOTH):
        turns(loop)
    assert delivered(kube) == ("True", "Delivered")


NOTHING = {"no object": ((), [{"name": "pacs"}]), "no destination": (BOTH, [])}


@pytest.mark.parametrize(("classes", "destinations"), NOTHING.values(), ids=NOTHING.keys())
def test_nothing_to_deliver_is_done_at_once(
    loop: Loop,
    kube: FakeKube,
    commit: Commit,
    classes: tuple[str, ...],
    destinations: list[dict[str, str]],
) -> None:
    commit(*classes, destinations=destinations)
    turns(loop)
    assert delivered(kube) == ("True", "NothingToDeliver")


def test_deleted_job_is_not_sent(loop: Loop, kube: FakeKube, commit: Commit, port: int) -> None:
    commit(SegmentationStorage)
    kube.delete(INFERENCEJOB, make.NAMESPACE, JOB)
    with fake_pacs(port, classes=BOTH) as pacs:
        turns(loop)
    assert pacs.taken == []
    assert loop._outbox.open_results() == []


def test_results_are_sent_though_the_api_server_is_away(
    loop: Loop, kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    commit(SegmentationStorage)
    turns(loop)

    def away(_: object) -> None:
        raise Unavailable("API server: no answer; it is tried again")

    kube.fault = away
    clock.advance(60)
    with fake_pacs(port, classes=BOTH) as pacs:
        turns(loop)
        assert len(pacs.taken) == 1
    kube.fault = None
    clock.advance(10)
    turns(loop)
    assert delivered(kube) == ("True", "Delivered")


def test_waiting_result_is_not_written_again_and_again(
    loop: Loop, kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    commit(SegmentationStorage)
    turns(loop, 4)
    before = len([call for call in kube.calls if call.verb == "apply"])
    for _ in range(5):
        clock.advance(61)
        turns(loop)
    assert len([call for call in kube.calls if call.verb == "apply"]) == before
    assert leaks(str(kube.calls), str(_job(kube))) == []


def test_node_says_whether_it_answers_and_what_waits(
    loop: Loop, kube: FakeKube, commit: Commit, clock: FakeClock, port: int
) -> None:
    commit(*BOTH)
    turns(loop)
    node = kube.get(DICOMNODE, make.NAMESPACE, "pacs")
    assert node is not None
    assert make.conditions_of(node)["Reachable"]["reason"] == "Unreachable"
    assert node["status"]["outboxDepth"] == 2
    clock.advance(61)
    with fake_pacs(port, classes=BOTH):
        turns(loop)
    node = kube.get(DICOMNODE, make.NAMESPACE, "pacs")
    assert node is not None
    assert make.conditions_of(node)["Reachable"]["status"] == "True"
    assert (node["status"]["outboxDepth"], node["status"]["lastDelivered"]) == (
        0,
        "2026-01-05T09:01:01Z",
    )

import copy
import datetime as dt
import threading
from typing import Any

import pytest

from meninx.base.errors import Conflict, Unavailable
from meninx.kube.kinds import Kind
from meninx.kube.lease import Elector, Seen, Terms, decide, looked, record

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
TERMS = Terms()
Manifest = dict[str, Any]


def lease(holder: str = "a", version: str = "1", seconds: int = 10) -> Manifest:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "leaseTransitions": 3}
    return {"metadata": {"name": "l", "resourceVersion": version}, "spec": spec}


@pytest.mark.parametrize(
    ("seen", "now", "step"),
    [
        (None, 0.0, "create"),
        (Seen(lease("me"), 0.0), 0.0, "renew"),
        (Seen(lease("me"), 0.0), 99.0, "renew"),
        (Seen(lease("other"), 0.0), 9.9, "wait"),
        (Seen(lease("other"), 0.0), 10.0, "take"),
        (Seen(lease(""), 0.0), 0.0, "take"),
        (Seen(lease("other", seconds=1), 5.0), 6.0, "take"),
    ],
    ids=["none", "mine", "mine-old", "theirs", "theirs-run-out", "given-up", "short"],
)
def test_lease_says_what_to_do(seen: Seen | None, now: float, step: str) -> None:
    assert decide(seen, "me", now) == step


def test_unchanged_record_keeps_when_it_was_first_seen() -> None:
    first = looked(None, lease(version="1"), 5.0)
    assert looked(first, lease(version="1"), 9.0) == first
    assert looked(first, lease(version="2"), 9.0) == Seen(lease(version="2"), 9.0)
    assert looked(first, None, 9.0) is None


def test_record_counts_changes_of_holder_only() -> None:
    taken = record(Seen(lease("other"), 0.0), "me", TERMS, NOW)
    kept = record(Seen({**lease(), "spec": taken}, 0.0), "me", TERMS, NOW + dt.timedelta(seconds=3))
    assert (taken["leaseTransitions"], kept["leaseTransitions"]) == (4, 4)
    assert kept["acquireTime"] == taken["acquireTime"] == "2026-01-05T09:00:00.000000Z"
    assert kept["renewTime"] == "2026-01-05T09:00:03.000000Z"
    assert record(None, "me", TERMS, NOW)["leaseTransitions"] == 0


def test_leader_ends_before_another_may_begin() -> None:
    # One call may hang until its patience ends, and there is still time for another.
    assert TERMS.renew_every_seconds + 2 * TERMS.call_seconds + 0.5 < TERMS.renew_within_seconds
    assert TERMS.renew_within_seconds < TERMS.lease_seconds
    assert TERMS.look_every_seconds + TERMS.lease_seconds < 15  # fail-over


class Leases:
    """One lease in memory, with the API server's rules on conflicts; `away` lets calls fail."""

    def __init__(self) -> None:
        self.stored: Manifest | None = None
        self.away = False
        self._lock = threading.Lock()

    def _check(self) -> None:
        if self.away:
            raise Unavailable("the API server is away")

    def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        self._check()
        return copy.deepcopy(self.stored)

    def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        self._check()
        with self._lock:
            if self.stored is not None:
                raise Conflict("it exists")
            return self._store(manifest, 1)

    def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        self._check()
        with self._lock:
            version = (self.stored or {"metadata": {"resourceVersion": "0"}})["metadata"]
            if manifest["metadata"].get("resourceVersion") != version["resourceVersion"]:
                raise Conflict("it has changed")
            return self._store(manifest, int(version["resourceVersion"]) + 1)

    def _store(self, manifest: Manifest, version: int) -> Manifest:
        stored = copy.deepcopy(manifest)
        stored["metadata"]["resourceVersion"] = str(version)
        self.stored = stored
        return copy.deepcopy(stored)


class Replica:
    """An elector whose turns a test takes, on a clock that a test moves."""

    def __init__(self, leases: Leases, name: str, clock: list[float]) -> None:
        self.led, self.lost, self.ready = 0, threading.Event(), True
        self.elector = Elector(
            leases, "ns", "l", name, on_lead=self._lead, on_lost=self.lost.set,
            time=lambda: clock[0], ready=lambda: self.ready,
        )  # fmt: skip

    def _lead(self) -> None:
        self.led += 1


def pair() -> tuple[Leases, Replica, Replica, list[float]]:
    leases, clock = Leases(), [0.0]
    return leases, Replica(leases, "a", clock), Replica(leases, "b", clock), clock


def test_first_leads_and_second_stands_by() -> None:
    _, a, b, clock = pair()
    for _ in range(30):
        a.elector.turn()
        b.elector.turn()
        clock[0] += 1
    assert (a.led, b.led) == (1, 0)
    assert a.elector.holds()
    assert not b.elector.holds()
    assert b.elector.holder == "a"


def test_standby_takes_over_when_the_leader_is_silent() -> None:
    _, a, b, clock = pair()
    a.elector.turn()
    b.elector.turn()
    waited = 0.0
    while not b.elector.leading:
        assert waited < 15
        pause = b.elector.pause()
        clock[0] += pause
        waited += pause
        b.elector.turn()
    assert waited >= TERMS.lease_seconds - 0.1
    assert not a.elector.holds()


def test_replica_that_is_not_ready_leaves_a_lease_that_nobody_holds() -> None:
    leases, a, _, _ = pair()
    a.ready = False
    a.elector.turn()
    assert (a.led, leases.stored) == (0, None)
    assert a.elector.pause() > TERMS.look_every_seconds / 2
    a.ready = True
    a.elector.turn()
    assert a.led == 1


def test_time_of_a_silent_leader_runs_down_while_its_successor_gets_ready() -> None:
    _, a, b, clock = pair()
    a.elector.turn()
    b.ready = False
    while clock[0] <= TERMS.lease_seconds:
        b.elector.turn()
        clock[0] += b.elector.pause()
    assert b.led == 0
    b.ready = True
    b.elector.turn()
    assert b.led == 1


def test_leader_that_finds_another_holder_no_longer_holds() -> None:
    leases, a, _, clock = pair()
    a.elector.turn()
    assert leases.stored is not None
    taken = copy.deepcopy(leases.stored)
    taken["spec"]["holderIdentity"] = "b"
    leases.replace(Kind("", "", "", ""), taken)
    for _ in range(2):
        clock[0] += 1
        a.elector.turn()
    assert not a.elector.holds()


def test_lease_given_up_is_taken_at_the_next_look() -> None:
    leases, a, b, clock = pair()
    a.elector.turn()
    b.elector.turn()
    a.elector.stop()
    assert leases.stored is not None
    assert leases.stored["spec"]["holderIdentity"] == ""
    clock[0] += b.elector.pause()
    b.elector.turn()
    assert b.led == 1
    assert clock[0] < 2


def test_lease_that_was_deleted_is_made_again_by_its_leader() -> None:
    leases, a, _, clock = pair()
    a.elector.turn()
    leases.stored = None
    for _ in range(2):
        clock[0] += 1
        a.elector.turn()
    assert a.elector.holds()
    assert a.led == 1


def test_only_one_of_two_that_try_at_once_leads() -> None:
    leases, clock = Leases(), [0.0]
    replicas = [Replica(leases, str(number), clock) for number in range(8)]
    threads = [threading.Thread(target=replica.elector.turn) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(replica.led for replica in replicas) == 1


def test_leader_that_can_not_renew_is_told_so_by_its_guard() -> None:
    leases, a, _, clock = pair()
    a.elector.start()
    while not a.led:
        clock[0] += 0.01
    leases.away = True
    clock[0] += TERMS.renew_within_seconds
    assert a.lost.wait(5)
    assert not a.elector.leading

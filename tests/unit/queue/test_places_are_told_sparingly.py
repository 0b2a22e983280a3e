from tests.support.hospital_queue import Site
from tests.support.workload import node

from meninx.kube.kinds import INFERENCEJOB, NODE


def _full(waiting: int) -> Site:
    """Return a site whose GPU is taken and where jobs wait that were told their places."""
    site = Site()
    for place in range(waiting + 1):
        site.submit(f"job-{place:03}")
    site.plan()
    return site


def test_each_waiting_job_is_told_its_place_once() -> None:
    site = Site()
    for place in range(30):
        site.submit(f"job-{place:03}")
    assert len(site.plan()) == 30
    assert site.plan() == []
    assert site.says("job-005").position == 5
    assert site.says("job-005").ahead == ("job-002", "job-003", "job-004")


def test_small_steps_far_from_the_front_are_not_told() -> None:
    site = _full(60)
    site.vanish(INFERENCEJOB, "job-020")
    assert site.plan(after=20) == []
    assert site.says("job-050").position == 49


def test_near_the_front_each_step_is_told() -> None:
    site = _full(30)
    site.vanish(INFERENCEJOB, "job-003")
    assert site.plan(after=20) == [f"job-{place:03}" for place in range(4, 12)]


def test_half_the_way_is_told() -> None:
    site = _full(60)
    for place in range(1, 31):
        site.vanish(INFERENCEJOB, f"job-{place:03}")
    told = site.plan(after=20)
    assert "job-060" in told
    assert site.says("job-060").position == 30


def test_places_are_told_every_ten_seconds_at_most() -> None:
    site = _full(30)
    site.plan(after=20)
    site.vanish(INFERENCEJOB, "job-003")
    assert site.plan(after=1) == []
    assert site.plan(after=10) != []


def test_grants_are_told_at_once() -> None:
    site = _full(30)
    site.plan(after=20)
    site.put(NODE, node(gpus="3"))
    assert site.plan(after=1) == ["job-001", "job-002"]

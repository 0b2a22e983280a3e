import datetime as dt
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import START
from tests.support.queueing import GPU, applied, job, node, request

from meninx.controller.queue.admit import plan
from meninx.controller.queue.capacity import Node
from meninx.controller.queue.order import PRIORITIES
from meninx.controller.queue.room import fits
from meninx.controller.queue.snapshot import Candidate, Limits, Snapshot

WORKS = {"unet": None, "unetr": 2, "skull": 1}
MIG = "nvidia.com/mig-1g.10gb"

nodes = st.lists(
    st.builds(
        lambda gpu, mig, cpu: {GPU: gpu, MIG: mig, "cpu": cpu},
        st.integers(0, 4),
        st.integers(0, 2),
        st.integers(1, 8),
    ),
    min_size=1,
    max_size=4,
).map(lambda rows: tuple(node(f"n{place}", **row) for place, row in enumerate(rows)))

needs = st.builds(
    lambda gpu, resource, cpu: request(gpu, resource=resource, cpu=cpu * 1000),
    st.integers(0, 3),
    st.sampled_from([GPU, GPU, MIG]),
    st.integers(1, 3),
)


@st.composite
def candidates(draw: st.DrawFn, count: int = 8) -> tuple[Candidate, ...]:
    made = []
    for place in range(draw(st.integers(0, count))):
        work = draw(st.sampled_from(sorted(WORKS)))
        made.append(
            job(
                f"j{place}",
                age=draw(st.integers(0, 900)),
                need=draw(needs),
                work=work,
                concurrency=WORKS[work],
                priority=draw(st.sampled_from(PRIORITIES)),
                preemptible=draw(st.booleans()),
            )
        )
    return tuple(made)


@st.composite
def snapshots(draw: st.DrawFn, *, preempt: bool | None = None) -> Snapshot:
    """Draw a snapshot that an earlier plan has led to: what runs fits, and more jobs came since."""
    some = draw(st.booleans()) if preempt is None else preempt
    limits = Limits(preempt=some, patience_seconds=draw(st.sampled_from([300.0, 1e6])))
    before = Snapshot(START, draw(candidates()), draw(nodes), limits)
    then = applied(before, plan(before))
    ran = tuple(
        replace(one, state="running") if one.state == "granted" and draw(st.booleans()) else one
        for one in then.jobs
    )
    later = tuple(
        replace(one, uid=f"{one.uid}b", name=f"{one.name}b") for one in draw(candidates())
    )
    return replace(then, jobs=(*ran, *later))


def _free(given: Snapshot) -> dict[str, dict[str, int]]:
    """Count what is free once a plan is followed, each job where the plan sees it."""
    made = plan(given)
    free = {one.name: dict(one.allocatable) for one in given.nodes}
    for one in given.jobs:
        if one.uid in made.may_run:
            where = made.placed.get(one.uid) or one.node
            assert where is not None
            for resource, count in one.request.wants:
                free[where][resource] = free[where].get(resource, 0) - count
    return free


@given(snapshots())
def test_never_more_may_run_than_fits(given: Snapshot) -> None:
    for free in _free(given).values():
        assert min(free.values()) >= 0


@given(snapshots())
def test_never_more_may_run_than_concurrency_allows(given: Snapshot) -> None:
    made = plan(given)
    running = Counter(one.work for one in given.jobs if one.uid in made.may_run)
    for work, limit in WORKS.items():
        assert limit is None or running[work] <= limit


@given(snapshots())
def test_equal_jobs_go_by_priority_then_age(given: Snapshot) -> None:
    made = plan(given)
    waiting = [one for one in given.jobs if one.state == "waiting"]
    late = [one for one in waiting if one.uid in made.granted]
    for one in waiting:
        if one.uid not in made.granted:
            alike = [g for g in late if (g.request, g.work) == (one.request, one.work)]
            assert all(g.turn < one.turn for g in alike)


@given(snapshots(preempt=False))
def test_no_stat_waits_while_a_node_has_room_for_it(given: Snapshot) -> None:
    """Room is only kept from jobs that come later, so the first priority leaves none idle."""
    given = replace(given, limits=replace(given.limits, patience_seconds=1e6))
    made, free = plan(given), _free(given)
    running = Counter(one.work for one in given.jobs if one.uid in made.may_run)
    for one in made.line:
        at_limit = one.concurrency is not None and running[one.work] >= one.concurrency
        if one.priority == "Stat" and not at_limit:
            assert not any(fits(room, one.request.wants) for room in free.values())


@given(snapshots(preempt=False))
def test_room_stands_idle_only_where_it_is_kept(given: Snapshot) -> None:
    made, free = plan(given), _free(given)
    for one in made.line:
        said = made.admission(one.uid)
        if any(fits(room, one.request.wants) for room in free.values()):
            assert said.reason in {"ConcurrencyReached", "Queued"}, said


@given(snapshots(), st.randoms(use_true_random=False))
def test_plan_does_not_depend_on_the_order_of_listing(given: Snapshot, random: object) -> None:
    shuffled_jobs, shuffled_nodes = list(given.jobs), list(given.nodes)
    random.shuffle(shuffled_jobs)  # type: ignore[attr-defined]
    random.shuffle(shuffled_nodes)  # type: ignore[attr-defined]
    other = replace(given, jobs=tuple(shuffled_jobs), nodes=tuple(shuffled_nodes))
    assert dict(plan(other).admissions) == dict(plan(given).admissions)


@given(snapshots(preempt=False))
def test_followed_plan_leads_to_no_other(given: Snapshot) -> None:
    then = applied(given, plan(given))
    again = plan(then)
    assert (again.granted, again.preempted) == ((), ())
    assert again.may_run == plan(given).may_run


@settings(max_examples=300)
@given(snapshots(preempt=True))
def test_preemption_comes_to_rest(given: Snapshot) -> None:
    for _ in range(len(given.jobs) + 1):
        made = plan(given)
        if not made.granted and not made.preempted:
            return
        given = applied(given, made)
    raise AssertionError("jobs give way to one another for ever")


@given(snapshots(preempt=True))
def test_only_routine_and_trainings_give_way_and_only_to_stat(given: Snapshot) -> None:
    made = plan(given)
    by_uid = {one.uid: one for one in given.jobs}
    lost = [by_uid[uid] for uid in made.preempted]
    assert all(one.priority in {"Routine", "Training"} and one.preemptible for one in lost)
    gained = [by_uid[uid] for uid in made.granted if by_uid[uid].priority == "Stat"]
    assert not lost or gained


@given(snapshots(preempt=True))
def test_nobody_gives_way_without_need(given: Snapshot) -> None:
    """Where somebody gives way, a Stat runs that would not run else."""
    made = plan(given)
    without = plan(replace(given, limits=replace(given.limits, preempt=False)))
    stats = {one.uid for one in given.jobs if one.priority == "Stat"}
    assert not made.preempted or (made.may_run & stats) - without.may_run


def test_time_of_the_night_job_wakes_the_queue() -> None:
    night = START + dt.timedelta(hours=2)
    held = job("night", not_before=night)
    one: tuple[Node, ...] = (node(),)
    made = plan(Snapshot(START, (held,), one))
    assert made.look_again_seconds == 7200.0
    assert plan(Snapshot(night, (held,), one)).granted == (held.uid,)

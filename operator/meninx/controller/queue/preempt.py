"""Who gives way to a Stat that finds no room: trainings first, then the fewest Routine jobs (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meninx.controller.queue.order import in_order
from meninx.controller.queue.room import Room, Wants, fits, shortage
from meninx.controller.queue.snapshot import Candidate


@dataclass(frozen=True)
class Victims:
    """Who gives way, and the node on which the Stat then fits."""

    node: int
    jobs: tuple[Candidate, ...]


GIVES_WAY = ("Routine", "Training")


def may_give_way(job: Candidate) -> bool:
    """Tell whether a job may lose its place: Routine or a training, and not all but done."""
    return job.priority in GIVES_WAY and job.preemptible and job.state != "waiting"


def victims(
    stat: Candidate,
    room: Room,
    placed: Mapping[int, Sequence[Candidate]],
    *,
    slot_of: str | None = None,
) -> Victims | None:
    """Return who gives way; None where the Stat would still not fit.

    `placed` are the jobs that may give way, by node. With `slot_of` one of them must be a job of
    that work: its concurrency is what the Stat waits for.
    """
    found: list[Victims] = []
    for node in room.lot(stat.request).nodes:
        jobs = _fewest(room.free[node], stat.request.wants, placed.get(node, ()), slot_of)
        if jobs is not None:
            found.append(Victims(node, jobs))
    return min(found, key=_cost, default=None)


def _cost(choice: Victims) -> tuple[int, int, float, int]:
    patients = sum(job.priority != "Training" for job in choice.jobs)
    newest = max((job.created.timestamp() for job in choice.jobs), default=0.0)
    return patients, len(choice.jobs), -newest, choice.node


def _fewest(
    free: Mapping[str, int], wants: Wants, jobs: Sequence[Candidate], slot_of: str | None
) -> tuple[Candidate, ...] | None:
    """Return the jobs of one node that give way: each time the one that helps most, then newest."""
    room = dict(free)
    left = in_order(jobs)[::-1]
    chosen: list[Candidate] = []
    if slot_of is not None:
        same = [job for job in left if job.work == slot_of]
        if not same:
            return None
        _move(max(same, key=lambda job: -_missing_without(room, wants, job)), left, chosen)
        _add(room, chosen[-1])
    while not fits(room, wants):
        if not left:
            return None
        best = min(left, key=lambda job: _missing_without(room, wants, job))
        if _missing_without(room, wants, best) >= shortage(room, wants):
            return None
        _move(best, left, chosen)
        _add(room, best)
    return tuple(_needed(chosen, room, wants, slot_of))


def _needed(
    chosen: Sequence[Candidate], room: dict[str, int], wants: Wants, slot_of: str | None
) -> list[Candidate]:
    """Return the chosen without those that need not go after all; the oldest is spared first."""
    kept = list(chosen)
    for job in in_order(chosen):
        only_slot = slot_of is not None and [j for j in kept if j.work == slot_of] == [job]
        _add(room, job, -1)
        if fits(room, wants) and not only_slot:
            kept.remove(job)
        else:
            _add(room, job)
    return kept


def _missing_without(room: Mapping[str, int], wants: Wants, job: Candidate) -> float:
    freed = dict(job.request.wants)
    after = {resource: room.get(resource, 0) + freed.get(resource, 0) for resource, _ in wants}
    return shortage(after, wants)


def _move(job: Candidate, left: list[Candidate], chosen: list[Candidate]) -> None:
    left.remove(job)
    chosen.append(job)


def _add(room: dict[str, int], job: Candidate, times: int = 1) -> None:
    for resource, count in job.request.wants:
        room[resource] = room.get(resource, 0) + times * count

"""`make bench-operator`: ten thousand jobs through a real API server; into build/bench/operator.json."""

import argparse
from dataclasses import dataclass

from tests.api.control_plane import missing_binaries
from tests.bench import scale
from tests.bench.rows import Row, less_is_better, more_is_better, write

GOAL_JOBS_PER_SECOND = 43.0
"""Admissions per second of Kueue's own baseline scale test: 15,000 workloads in 351 s."""
KILL_SECONDS = 20.0


@dataclass(frozen=True)
class Run:
    """What one run came to."""

    jobs: int
    seconds: float
    lost: int
    doubled: int
    resident_mib: float
    peak_mib: float
    cpu_seconds: float
    kills: int = 0

    @property
    def rate(self) -> float:
        """Return jobs per second through the whole life cycle."""
        return self.jobs / self.seconds


def main() -> int:
    """Run the sizes one after the other, each on an API server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", default="1000,3000,10000", help="sizes, smallest first")
    parser.add_argument("--killed", type=int, default=10000, help="jobs of the run with kills")
    args = parser.parse_args()
    missing = missing_binaries()
    if missing:
        print(f"not built: {missing}; run `python3 tests/cluster/cluster.py build`")
        return 3
    sizes = [int(size) for size in args.jobs.split(",")]
    floor = _floor(sizes[0])
    rows: list[Row] = []
    for size in sizes:
        rows += _rows(_run(size), floor, last=size == sizes[-1])
    rows += _delay()
    if args.killed:
        rows += _killed_rows(_run(args.killed, kill=True))
    print(f"written to {write('operator', rows)}")
    return (
        0 if all(row.value == 0 for row in rows if "lost" in row.id or "doubled" in row.id) else 1
    )


def _run(jobs: int, *, kill: bool = False) -> Run:
    print(f"== {jobs} jobs{', the operator killed again and again' if kill else ''}", flush=True)
    with scale.site() as site:
        operator = scale.Operator(site)
        operator.start()
        kills: list[float] = []
        if kill:
            with scale.killed_every(operator, KILL_SECONDS) as kills:
                report = site.standin("run", "-jobs", str(jobs))
        else:
            report = site.standin("run", "-jobs", str(jobs))
        resident = operator.resident_mib()
        operator.end()
    return Run(
        jobs, report["seconds"], report["lost"], report["doubled"], resident, operator.peak_mib,
        operator.cpu_seconds, len(kills),
    )  # fmt: skip


def _floor(jobs: int) -> float:
    """Return the jobs per second that the API server takes when a bare client makes all the writes."""
    print(f"== floor: the writes of {jobs} jobs by a bare client", flush=True)
    with scale.site() as site:
        report = site.standin("floor", "-jobs", str(jobs))
    return float(report["jobs"] / report["seconds"])


def _rows(run: Run, floor: float, *, last: bool) -> list[Row]:
    at = "" if last else f".{run.jobs}"
    goal = f">= {GOAL_JOBS_PER_SECOND:.0f}"
    per_job = 1000 * run.cpu_seconds / run.jobs
    beside = ("the same writes, bare client", floor)
    return [
        more_is_better(f"operator.jobs_per_second{at}", run.rate, "jobs/s", beside, goal),
        less_is_better(f"operator.memory_mib.{run.jobs}", run.peak_mib, "MiB", ("goal", 400.0)),
        Row(f"operator.memory_after_mib.{run.jobs}", round(run.resident_mib, 1), "MiB"),
        Row(f"operator.cpu_ms_per_job{at}", round(per_job, 1), "ms"),
        Row(f"operator.lost{at}", run.lost, "jobs", goal="0"),
        Row(f"operator.doubled{at}", run.doubled, "jobs", goal="0"),
    ]


def _delay() -> list[Row]:
    print("== delay from eligible to Job created, with 100 jobs running", flush=True)
    with scale.site() as site:
        operator = scale.Operator(site)
        operator.start()
        report = site.standin("delay", "-jobs", "200")
        operator.end()
    goal = ("goal", 1.0)
    return [
        less_is_better("operator.delay_p50_seconds", report["p50_seconds"], "s", goal, "< 1"),
        less_is_better("operator.delay_p99_seconds", report["p99_seconds"], "s", goal, "< 1"),
    ]


def _killed_rows(run: Run) -> list[Row]:
    return [
        Row("operator.killed.kills", run.kills, "kills"),
        Row("operator.killed.jobs_per_second", round(run.rate, 2), "jobs/s"),
        Row("operator.killed.lost", run.lost, "jobs", goal="0"),
        Row("operator.killed.doubled", run.doubled, "jobs", goal="0"),
    ]


if __name__ == "__main__":
    raise SystemExit(main())

"""Random lives of jobs: nothing that people, pods, clocks or outages do loses or doubles one."""

import contextlib
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.fake_kube import Call
from tests.support.make import NAMESPACE, inferencejob
from tests.support.operator_in_memory import Operator
from tests.support.small_cluster import FINAL, FREE, SmallCluster

from meninx.base.errors import Conflict, Unavailable
from meninx.kube.kinds import INFERENCEJOB, JOB, POD

LATE = st.frozensets(st.sampled_from([INFERENCEJOB.plural, JOB.plural, POD.plural]), max_size=3)
CODES = st.sampled_from([0, 0, 0, 0, 0, 1, FINAL, FREE, 137])
SECONDS = st.sampled_from([0.5, 1, 3, 20, 65, 700])
MOST_JOBS, ROUNDS = 4, 120


class Killed(BaseException):
    """The operator's process ended in the middle."""


def _fault_at(number: int, error: BaseException) -> Any:
    count = -1

    def fault(call: Call) -> None:
        nonlocal count
        count += call.verb in {"apply", "delete", "event"}
        if count == number:
            count += 1
            raise error

    return fault


class Life(RuleBasedStateMachine):
    """One GPU, a few jobs, and everything that can happen to them."""

    @initialize()
    def begin(self) -> None:
        self.cluster = SmallCluster()
        self.operator = Operator(self.cluster)
        self.made = 0

    # people

    @precondition(lambda self: self.made < MOST_JOBS)
    @rule(
        priority=st.sampled_from(["Stat", "Urgent", "Routine", "Routine"]),
        retries=st.integers(0, 2),
        deadline=st.sampled_from([None, None, 600]),
        suspend=st.booleans(),
    )
    def submit(self, priority: str, retries: int, deadline: int | None, suspend: bool) -> None:
        self.made += 1
        limit = {} if deadline is None else {"deadlineSeconds": deadline}
        spec: dict[str, Any] = {
            "priority": priority,
            "retries": retries,
            "suspend": suspend,
            **limit,
        }
        self.cluster.kube.add(inferencejob(f"job-{self.made}", **spec))

    def _edit(self, number: int, **change: Any) -> None:
        jobs = self.cluster.all(INFERENCEJOB)
        if jobs:
            job = jobs[number % len(jobs)]
            self.cluster.kube.add(
                {k: v for k, v in job.items() if k != "status"}
                | {"spec": {**job["spec"], **change}}
            )

    @rule(number=st.integers(0, 9), suspend=st.booleans())
    def hold_or_let_go(self, number: int, suspend: bool) -> None:
        self._edit(number, suspend=suspend)

    @rule(number=st.integers(0, 9), sure=st.integers(0, 3))
    def cancel(self, number: int, sure: int) -> None:
        if sure == 3:
            self._edit(number, cancel=True)

    @rule(number=st.integers(0, 9), kind=st.sampled_from([INFERENCEJOB, JOB, POD]))
    def delete(self, number: int, kind: Any) -> None:
        found = self.cluster.all(kind)
        if found:
            self.cluster.kube.delete(
                kind, NAMESPACE, found[number % len(found)]["metadata"]["name"]
            )

    # the cluster

    @rule(code=CODES)
    def pods_move_on(self, code: int) -> None:
        for pod in self.cluster.working_pods():
            self.cluster.move(pod, code)

    @rule(code=CODES, rounds=st.integers(1, 4))
    def all_go_on(self, code: int, rounds: int) -> None:
        for _ in range(rounds):
            self.operator.see()
            self.operator.work()
            self.cluster.control()
            self.cluster.clock.advance(3)
        self.pods_move_on(code)

    @rule()
    def node_takes_pods_away(self) -> None:
        for pod in self.cluster.working_pods():
            self.cluster.evict(pod)

    @rule()
    def job_controller_looks(self) -> None:
        self.cluster.control()

    @rule(refused=st.sampled_from([False, False, False, True]))
    def results_are_delivered(self, refused: bool) -> None:
        said = ("False", "DeliveryRefused") if refused else ("True", "Delivered")
        self.cluster.deliver(*said)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.cluster.clock.advance(seconds)

    # the operator

    @rule(late=LATE)
    def operator_works(self, late: frozenset[str]) -> None:
        self.operator.see(late)
        self.operator.work()

    @rule(late=LATE, number=st.integers(0, 8), conflict=st.booleans())
    def operator_meets_an_error(self, late: frozenset[str], number: int, conflict: bool) -> None:
        error = Conflict("changed in between") if conflict else Unavailable("away")
        self.operator.see(late)
        self.cluster.kube.fault = _fault_at(number, error)
        self.operator.work()
        self.cluster.kube.fault = None

    @rule(number=st.integers(0, 8))
    def operator_is_killed_and_starts_again(self, number: int) -> None:
        self.operator.see()
        self.cluster.kube.fault = _fault_at(number, Killed())
        with contextlib.suppress(Killed):
            self.operator.work()
        self.cluster.kube.fault = None
        self.operator = Operator(self.cluster)

    # what holds whatever happens

    @invariant()
    def phases_follow_the_drawing(self) -> None:
        assert self.cluster.kube.broken == []

    @invariant()
    def no_job_has_two_kubernetes_jobs_or_two_pods_at_work(self) -> None:
        owners = [j["metadata"]["ownerReferences"][0]["uid"] for j in self.cluster.all(JOB)]
        assert len(owners) == len(set(owners))
        pods = [p["metadata"]["ownerReferences"][0]["uid"] for p in self.cluster.working_pods()]
        assert len(pods) == len(set(pods))

    def teardown(self) -> None:
        """Let all faults end: then every job that is not held back by a person comes to its end."""
        self.cluster.kube.fault = None
        for _ in range(ROUNDS):
            self._one_good_round()
            if not self.cluster.living():
                break
        lost = [(j["metadata"]["name"], j.get("status")) for j in self.cluster.living()]
        assert lost == []
        self.phases_follow_the_drawing()
        held = {pod["metadata"]["name"] for pod in self.cluster.working_pods()}
        assert held == set(), "a finished job holds a pod"

    def _one_good_round(self) -> None:
        for number in range(len(self.cluster.all(INFERENCEJOB))):
            self._edit(number, suspend=False)
        self.operator.see()
        self.operator.work()
        self.cluster.control()
        for pod in self.cluster.working_pods():
            self.cluster.move(pod)
        self.cluster.deliver()
        self.cluster.clock.advance(15)


Life.TestCase.settings = settings(
    max_examples=120, stateful_step_count=50, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestJobsLiveThroughAnything = Life.TestCase

from typing import Any

from tests.support.hospital_queue import Site
from tests.support.make import NAMESPACE, aimodel, trainingjob
from tests.support.workload import running

from meninx.base.clock import to_rfc3339
from meninx.controller.keys import Key
from meninx.kube.kinds import AIMODEL, JOB, TRAININGJOB
from meninx.resources import names
from meninx.resources.reasons import Reason


class Lab(Site):
    """The hospital's queue, in which a lab trains."""

    def train(self, name: str = "second", **spec: Any) -> None:
        created = to_rfc3339(self.clock.now())
        metadata = {"uid": f"uid-of-{name}", "creationTimestamp": created}
        self.put(TRAININGJOB, trainingjob(name, metadata=metadata, **spec))

    def at_work(self, name: str = "second") -> None:
        """Let the training's Kubernetes Job be there."""
        metadata = {
            "name": names.kubernetes_job(name, f"uid-of-{name}"), "namespace": NAMESPACE,
            "uid": f"job-of-{name}", "annotations": {names.LABEL_TRAINING: name},
        }  # fmt: skip
        self.put(JOB, {"metadata": metadata, "spec": {}, "status": {}}, ours=True)

    def stirred(self) -> list[Key]:
        return list(self.turns.recompute(self.clock.advance(1)))

    def said(self, name: str = "second") -> Any:
        return self.turns.admission(f"uid-of-{name}")


def test_training_gets_the_gpu_that_nobody_needs() -> None:
    lab = Lab()
    lab.train()
    assert lab.stirred() == [Key("TrainingJob", NAMESPACE, "second")]
    assert lab.said().granted


def test_training_waits_behind_a_job_that_came_later() -> None:
    lab = Lab()
    lab.submit("one")
    lab.plan()
    lab.train()
    lab.submit("two")
    lab.stirred()
    assert lab.said().reason is Reason.NO_CAPACITY
    assert lab.said().ahead == ("two",)


def test_training_and_job_of_one_name_are_two() -> None:
    lab = Lab()
    lab.submit("one")
    lab.train("one")
    lab.stirred()
    assert lab.says("one").granted
    assert not lab.said("one").granted


def test_training_that_runs_keeps_its_gpu_after_a_restart() -> None:
    lab = Lab()
    lab.train()
    lab.at_work()
    lab.submit("one")
    lab.stirred()
    assert lab.said().granted
    assert not lab.says("one").granted


def test_training_gives_way_to_a_stat_and_is_told() -> None:
    lab = Lab(preempt=True)
    lab.train()
    lab.stirred()
    lab.at_work()
    lab.submit("stat", priority="Stat")
    assert Key("TrainingJob", NAMESPACE, "second") in lab.stirred()
    assert lab.said().reason is Reason.PREEMPTED
    assert lab.says("stat").granted


def test_training_of_an_absent_model_takes_no_room() -> None:
    lab = Lab()
    model = aimodel("other")
    lab.train(register={"name": "new", "version": "2", "from": "other"})
    lab.submit("one")
    lab.stirred()
    assert lab.says("one").granted
    lab.start("one", Complete="True")
    lab.place("one", running("fetch"))
    lab.put(AIMODEL, model)
    lab.stirred()
    assert lab.said().reason is not Reason.MODEL_NOT_FOUND

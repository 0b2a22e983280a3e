from tests.support.hospital_queue import Site
from tests.support.workload import running

from meninx.controller.job.observed import KUEUE_LABEL
from meninx.controller.queue.admission import GRANTED
from meninx.controller.queue.kueue import Word
from meninx.controller.turns import KUEUE_SECONDS
from meninx.kube.kinds import JOB
from meninx.resources.reasons import Reason


def test_named_queue_without_kueue_is_a_clear_reason() -> None:
    site = Site()
    site.submit(queueName="gpus")
    assert site.plan() == ["one"]
    assert not site.says().granted
    assert site.says().reason is Reason.KUEUE_NOT_INSTALLED


def test_kueue_that_comes_later_is_noticed() -> None:
    site = Site()
    site.submit(queueName="gpus")
    site.plan()
    assert site.turns.look_again_seconds == KUEUE_SECONDS
    assert site.plan(after=KUEUE_SECONDS) == []
    site.kueues.there = True
    assert site.plan(after=KUEUE_SECONDS) == ["one"]
    assert site.says().granted


def test_kueue_admits_what_names_its_queue() -> None:
    site = Site(kueue=True)
    site.submit("kueues", queueName="gpus")
    site.submit("ours")
    assert site.plan() == ["ours", "kueues"]
    assert site.says("kueues").granted
    assert site.turns.waiting() == ()
    assert site.plan() == []


def test_word_of_kueue_is_told_on() -> None:
    site = Site(kueue=True)
    site.submit("kueues", queueName="gpus")
    site.plan()
    site.start("kueues", suspend=True)
    site.kueues.words["job-kueues"] = Word(Reason.EVICTED_BY_KUEUE, "Kueue says: later.")
    said = site.says("kueues")
    assert (said.granted, said.reason) == (True, Reason.EVICTED_BY_KUEUE)
    assert said.detail == "Kueue says: later."


def test_job_that_kueue_took_by_its_default_queue_stands_in_no_line_of_ours() -> None:
    site = Site(kueue=True)
    site.submit("one")
    site.plan()
    job = site.start("one", suspend=True)
    job["metadata"]["labels"] = {KUEUE_LABEL: "default"}
    site.put(JOB, job)
    site.submit("ours")
    assert "ours" in site.plan()
    assert site.says("ours") == GRANTED


def test_what_kueue_runs_takes_room_and_never_gives_way() -> None:
    site = Site(kueue=True, preempt=True)
    site.submit("kueues", queueName="gpus")
    site.start("kueues")
    site.place("kueues", running("fetch"))
    site.submit("stat", priority="Stat")
    site.plan()
    assert site.says("stat").reason is Reason.NO_CAPACITY

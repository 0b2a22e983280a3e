import datetime as dt
from typing import Any

import pytest
from tests.support.hospital_queue import READY, Site
from tests.support.make import aimodel
from tests.support.workload import ended, node, running

from meninx.base.clock import to_rfc3339
from meninx.controller.cache import Cache
from meninx.controller.queue.admission import GRANTED, UNDECIDED
from meninx.controller.turns import GRANT_SECONDS, Turns
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE
from meninx.resources.reasons import Reason


def test_job_that_fits_is_granted_and_looked_at() -> None:
    site = Site()
    site.submit()
    assert site.says() == UNDECIDED
    assert site.plan() == ["one"]
    assert site.says() == GRANTED
    assert site.plan() == []


def test_nothing_is_granted_before_everything_is_known() -> None:
    turns = Turns(Cache())
    assert turns.recompute(dt.datetime(2026, 1, 5, tzinfo=dt.UTC)) == ()
    assert turns.look_again_seconds == 1.0


def test_second_job_waits_until_the_first_has_ended() -> None:
    site = Site()
    site.submit("one")
    site.plan()
    site.submit("two")
    assert site.plan() == ["two"]
    assert site.says("two").reason is Reason.NO_CAPACITY
    site.start("one")
    site.place("one", running("fetch"))
    assert site.plan() == []
    site.start("one", Complete="True")
    assert site.plan() == ["two"]
    assert site.says("two") == GRANTED


def test_restarted_queue_grants_nothing_that_is_taken() -> None:
    site = Site()
    site.submit("one")
    site.submit("two")
    site.start("one")
    fresh = Turns(site.cache)
    fresh.recompute(site.clock.advance(1))
    assert fresh.admission("uid-one") == GRANTED
    assert not fresh.admission("uid-two").granted


def test_suspended_kubernetes_job_is_no_turn() -> None:
    site = Site(gpus="0")
    site.submit("one")
    site.start("one", suspend=True)
    site.plan()
    assert not site.says("one").granted
    site.put(NODE, node())
    assert site.plan() == ["one"]
    assert site.says("one") == GRANTED


def test_turn_of_which_nothing_came_goes_to_another() -> None:
    site = Site()
    site.submit("one")
    site.plan()
    site.submit("two")
    site.plan()
    assert site.turns.look_again_seconds is not None
    assert site.turns.look_again_seconds <= GRANT_SECONDS
    assert site.plan(after=GRANT_SECONDS) == ["two"]
    assert site.says("one").reason is Reason.QUEUED
    assert "no Kubernetes Job" in site.says("one").detail


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"suspend": True}, Reason.SUSPENDED, id="suspended"),
        pytest.param({"cancel": True}, Reason.CANCELLED, id="cancelled"),
        pytest.param({"modelRef": {"name": "none"}}, Reason.MODEL_NOT_FOUND, id="no model"),
        pytest.param({"pipelineRef": {"name": "p"}, "modelRef": None}, Reason.PIPELINE_NOT_FOUND,
                     id="no pipeline"),
        pytest.param({"notBefore": "2026-01-06T00:00:00Z"}, Reason.NOT_YET, id="for the night"),
        pytest.param(
            {"input": {"dicomNode": {"name": "pacs", "studyInstanceUID": "2.25.1"}}},
            Reason.WAITING_FOR_INPUT,
            id="not pulled yet",
        ),
    ],
)  # fmt: skip
def test_held_job_leaves_its_place_to_the_next(spec: dict[str, Any], reason: Reason) -> None:
    site = Site()
    site.submit("held", **spec)
    site.submit("next")
    assert site.plan() == ["next"]
    assert site.says("held").reason is reason
    assert site.says("next") == GRANTED


def test_job_for_the_night_wakes_the_queue_in_time() -> None:
    site = Site()
    site.submit("night", notBefore=to_rfc3339(site.clock.now() + dt.timedelta(seconds=100)))
    site.plan(after=10)
    assert site.turns.look_again_seconds == 90.0
    assert site.plan(after=90) == ["night"]


def test_model_that_gets_ready_lets_its_jobs_stand_in_line() -> None:
    site = Site()
    site.put(AIMODEL, aimodel("late"))
    site.submit("one", modelRef={"name": "late"})
    site.plan()
    assert site.says().reason is Reason.MODEL_NOT_READY
    site.put(AIMODEL, aimodel("late", status=READY))
    assert site.plan() == ["one"]
    assert site.says() == GRANTED


def test_node_that_comes_brings_room() -> None:
    site = Site(gpus="0")
    site.submit()
    site.plan()
    assert site.says().reason is Reason.NO_MATCHING_NODE
    site.put(NODE, node("node-2"))
    assert site.plan() == ["one"]
    assert site.says() == GRANTED


def test_deleted_job_gives_its_turn_back() -> None:
    site = Site()
    site.submit("one")
    site.plan()
    site.submit("two")
    site.plan()
    site.vanish(INFERENCEJOB, "one")
    assert site.plan() == ["two"]
    assert site.says("one") == UNDECIDED


def test_job_of_the_same_name_is_another_job() -> None:
    site = Site()
    site.submit("one")
    site.plan()
    site.vanish(INFERENCEJOB, "one")
    site.submit("one", uid="uid-other")
    assert site.plan() == ["one"]
    assert site.says("one") == UNDECIDED
    assert site.turns.admission("uid-other") == GRANTED


def test_preempted_job_waits_and_comes_back() -> None:
    site = Site(preempt=True)
    site.submit("routine")
    site.plan()
    site.start("routine")
    site.place("routine", ended("fetch"), running("model"))
    site.submit("stat", priority="Stat")
    assert sorted(site.plan()) == ["routine", "stat"]
    assert site.says("stat") == GRANTED
    assert site.says("routine").reason is Reason.PREEMPTED
    site.start("routine", suspend=True)
    site.start("stat")
    assert site.plan() == []
    assert site.says("routine").reason is Reason.PREEMPTED
    site.start("stat", Complete="True")
    assert site.plan() == ["routine"]
    assert site.says("routine") == GRANTED


def test_job_that_only_delivers_is_left_alone() -> None:
    site = Site(preempt=True)
    site.submit("routine")
    site.plan()
    site.start("routine")
    site.place("routine", ended("fetch"), ended("model"), running("deliver"))
    site.submit("stat", priority="Stat")
    assert site.plan() == ["stat"]
    assert site.says("stat").reason is Reason.NO_CAPACITY


def test_failed_kubernetes_job_that_is_made_again_stands_in_line_anew() -> None:
    site = Site()
    site.submit()
    site.plan()
    site.start(Failed="True")
    site.plan()
    site.vanish(JOB, site.job_name("one"))
    assert site.plan() == ["one"]
    assert site.says() == GRANTED

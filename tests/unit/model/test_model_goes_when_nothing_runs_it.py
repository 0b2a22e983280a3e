import datetime as dt
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.make import aimodel
from tests.support.workload import GPU_PRODUCT, node

from meninx.controller.actions import Action, Decision, Emit, SetInUse, WriteStatus
from meninx.controller.model.decide import LEAVING_SECONDS, Observed, decide
from meninx.controller.model.ledger import Tally

NOW = FakeClock().now()
HELD = {"finalizers": ["meninx.io/in-use"]}
LEAVING = {"deletionTimestamp": "2026-01-05T09:00:00Z"}


def _decide(*running: str, status: Any = None, **metadata: Any) -> Decision:
    resource = aimodel(metadata={"generation": 1, **metadata}, status=status)
    return decide(Observed(resource, (node(),), running=running), NOW, GPU_PRODUCT)


def _held(decision: Decision) -> list[Action]:
    return [action for action in decision.actions if isinstance(action, SetInUse)]


@pytest.mark.parametrize(
    ("running", "metadata", "wanted"),
    [
        pytest.param((), {}, [], id="idle and free"),
        pytest.param(("a",), {}, [SetInUse(True)], id="the first job runs"),
        pytest.param(("a",), HELD, [], id="known to be in use"),
        pytest.param((), HELD, [SetInUse(False)], id="the last job has ended"),
        pytest.param(("a",), {**HELD, **LEAVING}, [], id="waits for its jobs"),
        pytest.param((), {**HELD, **LEAVING}, [SetInUse(False)], id="may go"),
        pytest.param((), {**LEAVING, "finalizers": ["other"]}, [], id="held by others"),
        pytest.param(("a",), {**LEAVING, "finalizers": ["other"]}, [], id="too late to hold"),
    ],
)
def test_deletion_is_held_while_jobs_run_only(
    running: tuple[str, ...], metadata: dict[str, Any], wanted: list[Action]
) -> None:
    assert _held(_decide(*running, **metadata)) == wanted


@pytest.mark.rule("said-plainly")
def test_model_that_waits_to_go_names_the_jobs() -> None:
    decision = _decide("a", "b", "c", "d", "e", **HELD, **LEAVING)
    (event,) = (action for action in decision.actions if isinstance(action, Emit))
    assert event.reason == "Deleting"
    assert "Running: a, b, c and 2 more." in event.message
    (status,) = (a.status for a in decision.actions if isinstance(a, WriteStatus))
    assert [c["status"] for c in status["conditions"]] == ["False"], "no new job may start"
    assert decision.look_again_seconds == LEAVING_SECONDS
    again = _decide("a", "b", "c", "d", "e", status=status, **HELD, **LEAVING)
    assert again.actions == (), "said once"


def _counted(tally: Tally, written_seconds_ago: float | None, status: Any) -> Decision:
    ago = None if written_seconds_ago is None else NOW - dt.timedelta(seconds=written_seconds_ago)
    resource = aimodel(metadata={"generation": 1}, status=status)
    observed = Observed(resource, (node(),), tally=tally, written_at=ago)
    return decide(observed, NOW, GPU_PRODUCT)


def _written(decision: Decision) -> dict[str, Any] | None:
    found = [action.status for action in decision.actions if isinstance(action, WriteStatus)]
    return found[0] if found else None


def test_counts_wait_for_their_time_and_readiness_does_not() -> None:
    first = _written(_counted(Tally(), None, None))
    assert first is not None
    more = Tally(running=2, waiting=1, succeeded=5, failed=1, p50=10.0, p95=20.0)
    early = _counted(more, 10, first)
    assert (_written(early), early.look_again_seconds) == (None, 20.0)
    later = _written(_counted(more, 30, first))
    assert later is not None
    assert (later["running"], later["failed"]) == (2, 1)
    assert later["latencySeconds"] == {"p50": 10.0, "p95": 20.0}
    assert _written(_counted(more, 300, later)) is None, "nothing has changed"
    resource = aimodel(metadata={"generation": 1}, status=first)
    lost = decide(Observed(resource, (), tally=more, written_at=NOW), NOW, GPU_PRODUCT)
    assert _written(lost) is not None, "a node that is gone is told at once"

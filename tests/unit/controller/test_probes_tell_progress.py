import asyncio
from typing import Any

import pytest

from meninx.controller.health import Limits, LoopLag, Vitals, ailments, page, ready

LIMITS = Limits()


@pytest.mark.parametrize(
    ("vitals", "said"),
    [
        ({}, None),
        ({"watch_age_seconds": {"Job": 1e6}}, None),
        ({"watch_idle_seconds": {"Job": 1.0}}, None),
        ({"watch_idle_seconds": {"Job": 1e6}}, "the watch of Job"),
        ({"loop_lag_seconds": 60.0}, "event loop"),
        ({"lease_idle_seconds": 600.0}, "lease"),
        ({"stuck": True}, "no look"),
    ],
    ids=["well", "api-server-away", "young-watch", "dead-watch", "blocked-loop", "lease", "stuck"],
)
def test_liveness_fails_only_where_a_restart_helps(
    vitals: dict[str, Any], said: str | None
) -> None:
    found = ailments(Vitals(**vitals), LIMITS)
    if said is None:
        assert found == ()
    else:
        assert said in found[0]


@pytest.mark.parametrize(
    ("vitals", "is_ready"),
    [
        ({}, False),
        ({"synced": True}, True),
        ({"synced": True, "leading": True}, False),
        ({"synced": True, "leading": True, "swept": True}, True),
        ({"synced": True, "leading": True, "swept": True, "stuck": True}, False),
    ],
    ids=["starts", "standby", "just-leads", "leads", "stuck"],
)
def test_readiness_means_a_whole_picture_and_a_first_look(
    vitals: dict[str, Any], is_ready: bool
) -> None:
    assert ready(Vitals(**vitals)) is is_ready


def test_page_names_role_ages_lag_and_what_the_definitions_lack() -> None:
    vitals = Vitals(
        watch_age_seconds={"Pod": 2.0, "Job": 1.0}, leading=True, holder="me",
        loop_lag_seconds=0.25, lacking="lacks AIModel.spec.concurrency",
    )  # fmt: skip
    text = page(vitals, "ok")
    assert text.splitlines() == [
        "ok",
        "role: leader (lease held by me)",
        "watches, last heard: Job=1.0s Pod=2.0s",
        "event loop lag: 0.25s",
        "lacks AIModel.spec.concurrency",
    ]


async def test_lag_of_a_loop_that_does_not_turn_grows() -> None:
    lag = LoopLag()
    loop = asyncio.get_running_loop()
    assert lag.seconds(loop.time() + 100) == 0.0
    task = asyncio.create_task(lag.run())
    while not lag.measured:
        await asyncio.sleep(0.05)
    task.cancel()
    assert lag.seconds(loop.time() + 100) > 90

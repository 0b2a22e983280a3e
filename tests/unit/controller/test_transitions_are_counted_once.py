from typing import Any

import pytest
from tests.support.make import condition

from meninx.controller.job.chain import Chain, ChainStep
from meninx.controller.observations import Ending, Observations, joined, observations
from meninx.resources.aimodel import Gpu, Resources

TIMINGS = {"waiting": 4.0, "fetching": 2.5, "inferring": 7.0, "total": 15.0}
STAGES = {name: seconds for name, seconds in TIMINGS.items() if name != "waiting"}
START, MIDDLE, END = (f"2026-01-05T09:00:{second}Z" for second in ("00", "10", "30"))
OK = [condition(type_) for type_ in ("Admitted", "InputReady", "Inferred")]
STEPS = [
    {"name": "fetch", "startedAt": START, "finishedAt": MIDDLE, "exitCode": 0},
    {"name": "deliver", "startedAt": MIDDLE, "finishedAt": END, "exitCode": 0},
]


def chain(*gpus: int) -> Chain:
    steps = tuple(
        ChainStep(f"s{index}", "image", Resources(gpu=Gpu(count=count)))
        for index, count in enumerate(gpus)
    )
    return Chain("unet", "1", "U-Net", (), steps, (), "none", 60, 60)


def status(phase: str, *conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"phase": phase, "conditions": list(conditions), **more}


RUNNING = status("Running", *OK[:2], timings={"waiting": 4.0})
DELIVERED = condition("Delivered", reason="Delivered")
FAILED = condition("Inferred", "False", reason="ModelFailed")
SUCCEEDED = status("Succeeded", *OK, DELIVERED, timings=TIMINGS)


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        pytest.param({}, status("Pending"), Observations(), id="waits"),
        pytest.param(status("Pending"), RUNNING, Observations(4.0), id="admitted"),
        pytest.param(RUNNING, RUNNING, Observations(), id="goes on"),
        pytest.param(
            RUNNING,
            SUCCEEDED,
            Observations(None, Ending("Succeeded", "Delivered"), STAGES),
            id="ends well",
        ),
        pytest.param(SUCCEEDED, SUCCEEDED, Observations(), id="had ended"),
        pytest.param(
            status("Pending"),
            SUCCEEDED,
            Observations(4.0, Ending("Succeeded", "Delivered"), STAGES),
            id="all at once",
        ),
        pytest.param(
            RUNNING,
            status("Failed", *OK[:2], FAILED),
            Observations(None, Ending("Failed", "ModelFailed")),
            id="model failed",
        ),
        pytest.param(
            status("Pending"),
            status("Cancelled", condition("Admitted", "False", reason="Cancelled")),
            Observations(None, Ending("Cancelled", "Cancelled")),
            id="cancelled while it waited",
        ),
        pytest.param(
            RUNNING,
            status("Failed", *OK, condition("Delivered", "False", reason="DeliveryRefused")),
            Observations(None, Ending("Failed", "DeliveryRefused")),
            id="destination refused",
        ),
        pytest.param(
            RUNNING,
            status("Succeeded", *OK),
            Observations(None, Ending("Succeeded", "NotSaid")),
            id="nobody says why",
        ),
    ],
)
def test_transition_is_counted_for_what_it_is(
    before: dict[str, Any], after: dict[str, Any], seen: Observations
) -> None:
    assert observations(before, after, None) == seen


@pytest.mark.parametrize(
    ("gpus", "more", "seconds"),
    [
        pytest.param((1,), {"steps": STEPS}, 30.0, id="one run"),
        pytest.param((1, 2), {"steps": STEPS}, 60.0, id="steps share the most that one asks"),
        pytest.param((0,), {"steps": STEPS}, 0.0, id="on the CPU"),
        pytest.param((1,), {}, 0.0, id="never started"),
        pytest.param(
            (1,),
            {"steps": STEPS, "failedAttempts": [{"startedAt": START, "finishedAt": END}]},
            60.0,
            id="a failed attempt before it",
        ),
        pytest.param(
            (1,),
            {
                "steps": [STEPS[0] | {"exitCode": 1}],
                "failedAttempts": [{"startedAt": START, "finishedAt": END}],
            },
            30.0,
            id="the last attempt failed and is told once",
        ),
        pytest.param(
            (1,),
            {"steps": [{"name": "fetch", "startedAt": START}], "finishedAt": MIDDLE},
            10.0,
            id="cancelled while it ran",
        ),
    ],
)
def test_gpu_is_counted_while_a_pod_lived(
    gpus: tuple[int, ...], more: dict[str, Any], seconds: float
) -> None:
    assert observations({}, status("Failed", **more), chain(*gpus)).gpu_seconds == seconds


def test_conditions_of_others_stay_beside_ours() -> None:
    before = status("Delivering", OK[0], DELIVERED)
    both = joined(before, status("Succeeded", *OK))
    assert both["conditions"] == [*OK, DELIVERED]
    assert both["phase"] == "Succeeded"

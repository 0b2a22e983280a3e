from typing import Any

import pytest

from meninx.controller.job.causes import BY_EXIT
from meninx.controller.job.policy import MOST_RULES, failure_policy

NAMES = ("fetch", "weights-model", "gate-model", "model", "deliver")
BY_KIND = {
    "fetch": 0, "weights": 1, "gate": 2, "model": 3, "deliver": 4, "collect": 5, "train": 6,
}  # fmt: skip
TRAINING = ("collect", "train")
"""Containers of the pod of a training."""


def _action(policy: dict[str, Any], container: str, code: int) -> str:
    """Return what the Job controller does: the action of the first rule that fits, else Count."""
    for rule in policy["rules"]:
        exits = rule.get("onExitCodes")
        if exits and exits.get("containerName", container) == container and code in exits["values"]:
            return str(rule["action"])
    return "Count"


@pytest.mark.parametrize(("kind", "code"), [key for key in BY_EXIT if key[1] is not None])
def test_each_exit_code_is_treated_as_the_table_says(kind: str, code: int) -> None:
    cause = BY_EXIT[kind, code]  # type: ignore[index]
    wanted = "FailJob" if cause.again == "never" else "Count" if cause.counts else "Ignore"
    containers = TRAINING if kind in TRAINING else NAMES
    assert _action(failure_policy(containers), (*NAMES, *TRAINING)[BY_KIND[kind]], code) == wanted


@pytest.mark.parametrize("name", [*NAMES, *TRAINING])
def test_any_other_code_counts(name: str) -> None:
    containers = TRAINING if name in TRAINING else NAMES
    assert _action(failure_policy(containers), name, 1) == "Count"
    assert _action(failure_policy(containers), name, 137) == "Count"


def test_disruption_is_looked_at_first() -> None:
    first = failure_policy(NAMES)["rules"][0]
    assert first["action"] == "Ignore"
    assert first["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]


def test_longest_pipeline_keeps_to_the_rules_that_kubernetes_takes() -> None:
    steps = [f"{kind}s{n}" for n in range(8) for kind in ("weights-", "gate-", "")]
    policy = failure_policy(["fetch", *steps, "deliver"])
    assert len(policy["rules"]) <= MOST_RULES
    assert _action(policy, "fetch", 75) == _action(policy, "deliver", 75) == "Ignore"
    assert _action(policy, "s7", 65) == _action(policy, "gate-s6", 67) == "FailJob"

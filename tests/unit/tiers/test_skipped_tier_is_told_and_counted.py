import sys

import pytest
from tests.tiers.plan import TIERS, Outcome, Tier, asked_for, closing_line, run_tier


def _clock() -> float:
    return 0.0


def test_tier_that_cannot_run_is_skipped_with_its_reason() -> None:
    outcome = run_tier(Tier("x", "", (("false",),), cannot=lambda: "no root"), _clock)
    assert (outcome.word, outcome.why) == ("skipped", "(no root)")


def test_failing_command_fails_the_tier_and_is_named() -> None:
    outcome = run_tier(Tier("x", "", ((sys.executable, "-c", "raise SystemExit(3)"),)), _clock)
    assert outcome.word == "failed"
    assert "raise SystemExit(3)" in outcome.why


def test_failing_preparation_fails_the_tier() -> None:
    tier = Tier("x", "", (("true",),), prepare=(("false",),))
    assert run_tier(tier, _clock).word == "failed"


def test_closing_line_counts_every_outcome() -> None:
    outcomes = [Outcome("passed", 1), Outcome("failed", 1), Outcome("skipped", 1)]
    assert closing_line(outcomes) == "tiers: 1 passed, 1 failed, 1 skipped"


def test_no_name_asks_for_every_tier() -> None:
    assert asked_for([]) == list(TIERS.values())


def test_named_tiers_are_run_in_the_order_asked() -> None:
    assert [tier.name for tier in asked_for(["unit", "check"])] == ["unit", "check"]


def test_unknown_tier_ends_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        asked_for(["units"])
    assert ended.value.code == 2
    assert "no such tier: units" in capsys.readouterr().err

import sys

from tests.tiers.plan import Outcome, Tier, closing_line, run_tier


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

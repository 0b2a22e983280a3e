"""Run the tiers of tests in order, say what each took, and fail in CI where one can't run."""

import os
import sys
import time

from tests.tiers.plan import Outcome, Tier, asked_for, closing_line, run_tier


def _report(tier: Tier, outcome: Outcome) -> None:
    print(f"== {tier.name}: {outcome.word} in {outcome.seconds:.0f} s {outcome.why}".rstrip())
    sys.stdout.flush()


def main() -> int:
    """Run the tiers asked for and return the exit code."""
    in_ci = os.environ.get("CI", "").lower() == "true"
    outcomes = []
    for tier in asked_for(sys.argv[1:]):
        print(f"== {tier.name}: {tier.purpose}")
        sys.stdout.flush()
        outcome = run_tier(tier, time.monotonic)
        _report(tier, outcome)
        outcomes.append(outcome)
    print(closing_line(outcomes))
    failed = any(o.word == "failed" for o in outcomes)
    skipped = any(o.word == "skipped" for o in outcomes)
    return 1 if failed or (in_ci and skipped) else 0


sys.exit(main())

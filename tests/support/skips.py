"""A test that is skipped tells nothing: on a laptop that is said, in CI it is a failure."""

from collections.abc import Mapping

import pytest


def in_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether this is CI's run."""
    return environ.get("CI", "").lower() == "true"


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skipped report into a failed one that says why it would have been skipped."""
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {why}"

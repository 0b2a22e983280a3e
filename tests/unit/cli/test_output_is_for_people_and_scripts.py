"""Tables, lengths of time and where commands look."""

import argparse
import datetime as dt

import pytest

from meninx.cli import output


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (75, "1m15s"), (3600, "1h"),
        (3725, "1h2m"), (90000, "1d1h"), (172800, "2d"),
    ],
)  # fmt: skip
def test_length_of_time_has_at_most_two_units(seconds: float, said: str) -> None:
    assert output.span(seconds) == said


def test_time_that_is_not_there_is_told_as_nothing() -> None:
    assert output.since(None, dt.datetime.now(dt.UTC)) is None


def test_columns_are_aligned_and_gaps_are_dashes() -> None:
    lines = output.table(("A", "LONG"), [("value", None), ("x", 1)]).splitlines()
    assert lines == ["A      LONG", "value  -", "x      1"]


@pytest.mark.parametrize(
    ("given", "variable", "found"),
    [("a", "b", "a"), (None, "b", "b"), (None, None, output.DEFAULT_NAMESPACE)],
    ids=["option", "variable", "default"],
)
def test_namespace_is_the_nearest_that_was_said(
    monkeypatch: pytest.MonkeyPatch, given: str | None, variable: str | None, found: str
) -> None:
    monkeypatch.setattr(output, "context_namespace", lambda: None)
    monkeypatch.delenv("MENINX_NAMESPACE", raising=False)
    if variable:
        monkeypatch.setenv("MENINX_NAMESPACE", variable)
    assert output.namespace(argparse.Namespace(namespace=given)) == found

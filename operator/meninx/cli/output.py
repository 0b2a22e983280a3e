"""How commands speak: tables for people, JSON for scripts, times as people say them."""

import argparse
import datetime as dt
import json
import os
from collections.abc import Sequence
from typing import Any

from meninx.base.clock import from_rfc3339
from meninx.kube.client import context_namespace

DEFAULT_NAMESPACE = "meninx"


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Declare the option that says where to look."""
    parser.add_argument(
        "-n",
        "--namespace",
        help="namespace of Meninx; default is MENINX_NAMESPACE, else that of the kubeconfig's "
        f"context, else {DEFAULT_NAMESPACE}",
    )


def namespace(args: argparse.Namespace) -> str:
    """Return the namespace to look at."""
    return str(
        args.namespace
        or os.environ.get("MENINX_NAMESPACE")
        or context_namespace()
        or DEFAULT_NAMESPACE
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return aligned columns; a cell that is None shows as a dash."""
    cells = [[_cell(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)) for r in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else str(value)


def as_json(document: Any) -> str:
    """Return what a script reads."""
    return json.dumps(document, indent=2)


def span(seconds: float) -> str:
    """Return a length of time in at most two units, such as 1m20s."""
    whole = max(0, int(seconds))
    for size, name, smaller, small_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size}{name}" + (f"{rest}{small_name}" if rest else "")
    return f"{whole}s"


def since(text: str | None, now: dt.datetime) -> str | None:
    """Return how long ago a time of the API was; None where there is none."""
    return span((now - from_rfc3339(text)).total_seconds()) if text else None

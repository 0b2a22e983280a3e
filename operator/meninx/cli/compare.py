"""`meninx compare`: models side by side on one test set, as a table and a figure."""

import argparse
from pathlib import Path

from meninx.base.errors import BadInput
from meninx.local.training import start


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "evaluations", type=Path, nargs="+", metavar="JSON",
        help="evaluation.json or a run's metrics.json, two or more",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder for table and figure")


def run(args: argparse.Namespace) -> int:
    """Write comparison.md, .json and .png, and print the table."""
    missing = [str(path) for path in args.evaluations if not path.is_file()]
    if missing or len(args.evaluations) < 2:
        why = f"not there: {', '.join(missing)}" if missing else "one alone can't be compared"
        raise BadInput(f"give two evaluation.json or more ({why})")
    return start(["compare", *args.evaluations, "--out", args.out])

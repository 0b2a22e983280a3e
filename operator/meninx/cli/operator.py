"""`meninx operator`: the operator, as its pod starts it."""

import argparse
import os

from meninx.base import logs
from meninx.base.settings import Environment
from meninx.controller.settings import Settings
from meninx.processes import operator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the few options; everything else comes from the environment that the chart sets."""
    parser.add_argument("--log-level", default="INFO", help="DEBUG, INFO, WARNING or ERROR")


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM."""
    logs.configure(args.log_level)
    operator.run(Settings.read(Environment(os.environ)))
    return 0

"""`meninx operator`: the operator, as its pod starts it."""

import argparse
import os

from meninx.base import logs
from meninx.base.settings import Environment
from meninx.controller.settings import Settings
from meninx.processes import operator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options: everything comes from the environment that the chart sets."""
    parser.epilog = "Configured by MENINX_* variables: see the chart."


def run(_: argparse.Namespace) -> int:
    """Run until SIGTERM."""
    environment = Environment(os.environ)
    logs.configure(environment.text("MENINX_LOG_LEVEL", "INFO"))
    operator.run(Settings.read(environment))
    return 0

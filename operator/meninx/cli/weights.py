"""`meninx weights`: brings the weights of a step before it runs."""

import argparse
import asyncio
import os

from meninx.base import logs
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.steps.bring import Wanted, bring
from meninx.steps.edge import Told, run_alone
from meninx.steps.patience import RealTimer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A step takes its settings from the pod's variables; there is nothing to add."""


def run(args: argparse.Namespace) -> int:
    """Bring the weights and check them."""
    logs.configure()
    environment = Environment(os.environ)

    def work() -> Told:
        size = asyncio.run(bring(Wanted.of_pod(environment), timer=RealTimer()))
        return {"summary": f"{size} bytes"}

    return run_alone(work, environment, failure=Reason.WEIGHTS_FAILED)

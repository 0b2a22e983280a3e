"""`meninx gate`: before a step of a pipeline that has a condition."""

import argparse
import os

from meninx.base import logs
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.steps.edge import Told, run_alone
from meninx.steps.gate import Gate, pass_gate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A step takes its settings from the pod's variables; there is nothing to add."""


def run(args: argparse.Namespace) -> int:
    """Decide whether the step runs, and pass its input on if not."""
    logs.configure()
    environment = Environment(os.environ)

    def decide() -> Told:
        passage = pass_gate(Gate.of_pod(environment))
        return {"summary": passage.told, "skipped": passage.skipped}

    return run_alone(decide, environment, failure=Reason.MODEL_FAILED)

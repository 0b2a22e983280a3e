"""`meninx deliver`: the last step of a job's pod."""

import argparse
import os

from meninx.base import logs
from meninx.base.clock import SystemClock
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.steps.deliver import deliver
from meninx.steps.edge import StepSettings, run_step
from meninx.steps.patience import RealTimer
from meninx.steps.store_client import StoreClient


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A step takes its settings from the pod's variables; there is nothing to add."""


async def _deliver(settings: StepSettings, client: StoreClient) -> str:
    results = await deliver(
        settings.task,
        client,
        settings.workspace,
        now=SystemClock().now(),
        patience=settings.patience,
        timer=RealTimer(),
    )
    return f"findings {results.findings}, objects {len(results.sop_instance_uids)}"


def run(args: argparse.Namespace) -> int:
    """Compose, store and commit the result of the pod's job."""
    logs.configure()
    return run_step(_deliver, Environment(os.environ), failure=Reason.DELIVER_FAILED)

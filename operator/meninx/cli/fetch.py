"""`meninx fetch`: the first step of a job's pod."""

import argparse
import os

from meninx.base import logs
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.steps.edge import StepSettings, run_step
from meninx.steps.fetch import fetch
from meninx.steps.patience import RealTimer
from meninx.steps.store_client import StoreClient


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A step takes its settings from the pod's variables; there is nothing to add."""


async def _fetch(settings: StepSettings, client: StoreClient) -> str:
    prepared = await fetch(
        settings.task, client, settings.workspace, patience=settings.patience, timer=RealTimer()
    )
    shapes = ("x".join(map(str, done.stack.grid.shape)) for done in prepared.channels)
    names = (done.channel.name for done in prepared.channels)
    return ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))


def run(args: argparse.Namespace) -> int:
    """Fetch and prepare the input of the pod's job."""
    logs.configure()
    return run_step(_fetch, Environment(os.environ), failure=Reason.FETCH_FAILED)

"""`meninx collect`: the first step of the pod of a training that learns from the store."""

import argparse
import asyncio
import os
from pathlib import Path

from pydantic import ValidationError

from meninx.base import logs
from meninx.base.errors import BadInput
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.resources.trainingdata import CollectTask
from meninx.steps import contract
from meninx.steps.archive import open_archive
from meninx.steps.collect import Collector
from meninx.steps.dataset import Sources
from meninx.steps.edge import Told, run_alone
from meninx.steps.patience import Patience, RealTimer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A step takes its settings from the pod's variables; there is nothing to add."""


def run(args: argparse.Namespace) -> int:
    """Make the data set of the pod's training."""
    logs.configure()
    environment = Environment(os.environ)

    def work() -> Told:
        sources = asyncio.run(_collect(environment))
        return {
            "summary": sources.in_words(),
            "pairs": len(sources.cases),
            "broken": len(sources.broken),
            "passedOver": len(sources.passed_over),
        }

    return run_alone(work, environment, failure=Reason.FETCH_FAILED)


async def _collect(environment: Environment) -> Sources:
    try:
        task = CollectTask.model_validate_json(environment.text(contract.TASK))
    except ValidationError as error:
        raise BadInput(f"{contract.TASK} is no task: {error.error_count()} errors") from error
    token = environment.secret(contract.TOKEN_FILE.removesuffix("_FILE")).decode()
    patience = Patience(environment.number("MENINX_PATIENCE_SECONDS", 120))
    folder = Path(environment.text(contract.DATA))
    async with open_archive(environment.text(contract.STORE_URL), token) as archive:
        collector = Collector(archive, folder, task.data, patience=patience, timer=RealTimer())
        return await collector.collect()

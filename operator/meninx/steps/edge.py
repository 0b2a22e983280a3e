"""The edge of a step's process: what it is told, and how it tells its end to the operator."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from meninx.base.errors import BadInput, MeninxError, Rejected
from meninx.base.logs import Log
from meninx.base.settings import Environment
from meninx.resources.reasons import Reason
from meninx.resources.task import Task
from meninx.steps import contract
from meninx.steps.contract import Exit
from meninx.steps.patience import Patience
from meninx.steps.store_client import StoreClient, connect
from meninx.steps.workspace import Workspace

_log = Log("meninx.steps")
_MESSAGE_BYTES = 3500
_EXITS = {
    Reason.NOT_FINITE: Exit.NOT_FINITE,
    Reason.BAD_RESULT: Exit.BAD_RESULT,
    Reason.WEIGHTS_MISMATCH: Exit.WEIGHTS_MISMATCH,
    Reason.WEIGHTS_FAILED: Exit.WEIGHTS_FAILED,
}


@dataclass(frozen=True)
class StepSettings:
    """What a step's container is told."""

    task: Task
    store_url: str
    token: str = field(repr=False)
    workspace: Workspace
    patience: Patience


Told = Mapping[str, str | bool | int]
"""What a step tells the operator of its end, without identity."""

Action = Callable[[StepSettings, StoreClient], Awaitable[str]]
"""The work of a step: returns its summary, without identity."""


def settings_of_pod(environment: Environment) -> StepSettings:
    """Read a step's settings from the pod's variables and mounted token."""
    try:
        task = Task.model_validate_json(environment.text(contract.TASK))
    except ValidationError as error:
        raise BadInput(f"{contract.TASK} is no task: {error.error_count()} errors") from error
    token = environment.secret(contract.TOKEN_FILE.removesuffix("_FILE")).decode()
    return StepSettings(
        task=task,
        store_url=environment.text(contract.STORE_URL),
        token=token,
        workspace=Workspace.of_pod(environment),
        patience=Patience(environment.number("MENINX_PATIENCE_SECONDS", 120)),
    )


def run_step(action: Action, environment: Environment, *, failure: Reason) -> int:
    """Run a step that speaks with the store and return its exit code, as `run_alone` does."""

    def work() -> Told:
        return {"summary": asyncio.run(_run(action, settings_of_pod(environment)))}

    return run_alone(work, environment, failure=failure)


def run_alone(work: Callable[[], Told], environment: Environment, *, failure: Reason) -> int:
    """Do a step's work and return its exit code; its termination message says how it ended.

    `failure` is the reason given for errors that carry none of their own.
    """
    log_path = Path(environment.text("MENINX_TERMINATION_LOG", str(contract.TERMINATION_LOG)))
    try:
        said = work()
    except MeninxError as error:
        code, reason = _ending(error, failure)
        message = error.message if isinstance(error, Rejected) else str(error)
    except Exception as error:  # noqa: BLE001  the process edge; a trace could quote a patient
        code, reason = Exit.BUG, failure
        message = f"a bug of ours: {type(error).__name__} at {_place(error)}; please report it"
    else:
        _tell(log_path, said)
        return Exit.DONE
    _log.warning(message, reason=str(reason), status=int(code))
    _tell(log_path, {"reason": str(reason), "message": message})
    return code


async def _run(action: Action, settings: StepSettings) -> str:
    async with connect(settings.store_url, settings.token, settings.task) as client:
        return await action(settings, client)


def _ending(error: MeninxError, failure: Reason) -> tuple[Exit, Reason]:
    if isinstance(error, Rejected):
        reason = Reason(error.reason)
        return _EXITS.get(reason, Exit.REJECTED), reason
    return (Exit.TRY_AGAIN if error.retryable else Exit.BUG), failure


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def _tell(path: Path, said: Told) -> None:
    text = json.dumps(
        {key: v[:_MESSAGE_BYTES] if isinstance(v, str) else v for key, v in said.items()}
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        _log.warning("the termination message can't be written", error=type(error).__name__)

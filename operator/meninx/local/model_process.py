"""Starting a model as a process of this machine that obeys the container contract."""

import os
import subprocess
from collections.abc import Mapping

from meninx.base.errors import MeninxError, Rejected, Unavailable
from meninx.local.models import LocalModel
from meninx.resources.reasons import Reason
from meninx.steps import contract
from meninx.steps.contract import Exit
from meninx.steps.workspace import Workspace

_TAIL = 400
_PRIVATE = ("MENINX_TOKEN", "MENINX_TASK", "MENINX_STORE", "MENINX_SOURCE")


def run_model(
    model: LocalModel, workspace: Workspace, environment: Mapping[str, str] = os.environ
) -> None:
    """Run a model on the workspace's input; raise Rejected with the reason where it fails.

    Like a container it is told of its input and output only, never of the source images.
    """
    variables = {k: v for k, v in environment.items() if not k.startswith(_PRIVATE)}
    variables |= {
        contract.INPUT: str(workspace.input.resolve()),
        contract.OUTPUT: str(workspace.output.resolve()),
        "PYTHONPATH": str(model.folder.parent.resolve()),
    }
    limit = model.manifest.spec.timeout_seconds
    try:
        done = subprocess.run(
            model.command, env=variables, capture_output=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Rejected(Reason.TIMED_OUT, f"model {model.name} ran longer than {limit} s") from error
    if done.returncode != Exit.DONE:
        raise _failure(model.name, done.returncode, done.stderr)


def _failure(name: str, code: int, stderr: bytes) -> MeninxError:
    lines = stderr.decode(errors="replace").strip().splitlines()
    said = f": {lines[-1][:_TAIL]}" if lines else ""
    if code == Exit.TRY_AGAIN:
        return Unavailable(f"model {name} asks to be tried again{said}")
    reasons = {
        int(Exit.REJECTED): Reason.INPUT_NOT_FOR_MODEL,
        int(Exit.NOT_FINITE): Reason.NOT_FINITE,
    }
    reason = reasons.get(code, Reason.MODEL_FAILED)
    return Rejected(reason, f"model {name} ended with code {code}{said}")

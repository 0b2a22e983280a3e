"""The training environment: where it is, and how its commands are started. No torch here."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from meninx.base.errors import NotFound
from meninx.local.models import models_folder

PYTHON = "MENINX_TRAINING_PYTHON"
"""Variable that names the Python with torch and MONAI; the default is what make has made."""
_MADE_BY_MAKE = Path(".cache/venv-train/bin/python")


def training_python(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the Python of the training environment; raise NotFound with how to make it."""
    named = environment.get(PYTHON)
    python = Path(named) if named else models_folder(environment).parent / _MADE_BY_MAKE
    if not os.access(python, os.X_OK):
        raise NotFound(
            f"the training environment is missing ({python}): run `make .cache/venv-train/.made` "
            f"in the repository, or set {PYTHON} to a Python with torch and MONAI"
        )
    return python


def start(
    arguments: Sequence[str | Path],
    *,
    processes: int = 1,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Run a command of the model package to its end, on several devices by torchrun."""
    python = training_python(environment)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [
        str(python),
        *(launcher if processes > 1 else []),
        "-m",
        "meninx_models",
        *map(str, arguments),
    ]
    variables = {**environment, "PYTHONPATH": str(models_folder(environment).resolve())}
    return subprocess.run(command, env=variables, check=False).returncode

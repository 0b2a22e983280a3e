"""Before a step with `when`: let it run, or pass its input on as its output and leave a mark."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from meninx.base.errors import BadInput, Rejected
from meninx.base.files import space_errors
from meninx.base.settings import Environment
from meninx.resources.aipipeline import When
from meninx.resources.reasons import Reason
from meninx.steps import contract, when

SHELL = Path("/bin/busybox")
"""A shell without libraries: it runs in any image (Debian's busybox-static)."""


@dataclass(frozen=True)
class Gate:
    """What a gate is told: its step, the condition, and where everything lies."""

    step: str
    when: When
    input: Path
    output: Path
    outputs: Path
    """Folder with the output folder of the step that the condition reads."""
    gates: Path
    shell: Path = SHELL

    @classmethod
    def of_pod(cls, environment: Environment) -> "Gate":
        """Read the pod's variables."""
        try:
            condition = When.model_validate_json(environment.text(contract.WHEN))
        except ValidationError as error:
            raise BadInput(
                f"{contract.WHEN} is no condition: {error.error_count()} errors"
            ) from error
        return cls(
            step=environment.text(contract.STEP),
            when=condition,
            input=Path(environment.text(contract.INPUT)),
            output=Path(environment.text(contract.OUTPUT)),
            outputs=Path(environment.text(contract.OUTPUTS)),
            gates=Path(environment.text(contract.GATES)),
        )


@dataclass(frozen=True)
class Passage:
    """What a gate decided, and by what."""

    skipped: bool
    told: str


def mark(gates: Path, step: str) -> Path:
    """Return the file that says that a step is skipped."""
    return gates / f"{step}.skipped"


def pass_gate(gate: Gate) -> Passage:
    """Decide whether the step runs; done twice it is the same as done once.

    What a skipped step would have read becomes what it wrote. A condition on a skipped step finds
    no field: what lies in its folder is not its own. Raises Rejected (BadResult) where the earlier
    step's result.json can't be read.
    """
    result = _result(gate)
    with space_errors(gate.gates):
        _lend_shell(gate)
        its = mark(gate.gates, gate.step)
        its.unlink(missing_ok=True)
        if not when.holds(gate.when, result):
            _pass_on(gate.input, gate.output)
            its.touch()
    return Passage(its.exists(), when.told(gate.when, result))


def _pass_on(source: Path, target: Path) -> None:
    """Copy what lies in a folder, contents only: neither folder is ours, so no modes or times."""
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif path.is_file():
            shutil.copyfile(path, there)


def _result(gate: Gate) -> Mapping[str, Any]:
    if mark(gate.gates, gate.when.step).exists():
        return {}
    path = gate.outputs / gate.when.step / contract.RESULT_FILE
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (JSONDecodeError, UnicodeDecodeError) as error:
        said = f"{path.name} of step {gate.when.step} is not JSON: {error}"
        raise Rejected(Reason.BAD_RESULT, said) from error
    return document if isinstance(document, dict) else {}


def _lend_shell(gate: Gate) -> None:
    """Put the shell where the step finds it; another gate may have done so."""
    lent = gate.gates / gate.shell.name
    if not lent.exists():
        unfinished = lent.with_suffix(".part")
        shutil.copyfile(gate.shell, unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(lent)

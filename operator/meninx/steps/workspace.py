"""The folders that the steps of a job share, and what lies where in them."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meninx.base.settings import Environment
from meninx.resources.task import TaskChannel
from meninx.steps import contract
from meninx.steps.source import Source, read_source


@dataclass(frozen=True)
class Workspace:
    """What the model reads, what it writes, and the source images that it never sees."""

    input: Path
    output: Path
    source: Path
    outputs: Path | None = None
    """Of a pipeline: the folder with what each step wrote, by its name."""
    gates: Path | None = None
    """Of a pipeline with conditions: the folder with the marks of the steps that were skipped."""
    claim: Path | None = None
    """The root of the volume that holds the input, where it does not come from the store."""

    @classmethod
    def of_pod(cls, environment: Environment) -> "Workspace":
        """Return the workspace that the pod's variables name."""
        outputs, gates, claim = (
            environment.text(name, "")
            for name in (contract.OUTPUTS, contract.GATES, contract.CLAIM)
        )
        return cls(
            Path(environment.text(contract.INPUT, "/meninx/input")),
            Path(environment.text(contract.OUTPUT, "/meninx/output")),
            Path(environment.text(contract.SOURCE, "/meninx/source")),
            Path(outputs) if outputs else None,
            Path(gates) if gates else None,
            Path(claim) if claim else None,
        )

    @classmethod
    def under(cls, folder: Path) -> "Workspace":
        """Return a workspace in one folder, made if need be (local runs and tests)."""
        made = cls(folder / "input", folder / "output", folder / "source")
        for part in (made.input, made.output, made.source):
            part.mkdir(parents=True, exist_ok=True)
        return made

    def reference(self, channel: TaskChannel) -> Source:
        """Return the source images of a channel as `prepare` kept them."""
        files = sorted((self.source / channel.name).glob("*.dcm"))
        return read_source(files, volume=channel.volume)

    def segmentation(self) -> Path | None:
        """Return the label map that the model wrote, None where there is none."""
        candidates = (self.output / name for name in contract.SEGMENTATION_FILES)
        return next((path for path in candidates if path.is_file()), None)


def keep_source(files: Sequence[Path], folder: Path) -> None:
    """Put the used source files into a folder, numbered in slice order; linked where possible."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, path in enumerate(files):
        kept = folder / f"{index:05}.dcm"
        kept.unlink(missing_ok=True)
        try:
            os.link(path.resolve(), kept)
        except OSError:
            shutil.copyfile(path, kept)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document that people can read too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, sort_keys=False) + "\n", encoding="utf-8")

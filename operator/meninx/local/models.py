"""Which models can be run here, from the manifests beside their code; no torch, no cluster."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from meninx.base.errors import BadInput, NotFound
from meninx.resources.aimodel import AIModel
from meninx.resources.task import TaskModel

MODELS_FOLDER = "MENINX_MODELS_DIR"
"""Variable that names the folder of models; the default lies beside the package."""
_MANIFEST = "aimodel.yaml"
_SCRIPT = "model.py"
_CONFIG = "config.yaml"


@dataclass(frozen=True)
class LocalModel:
    """A model with its manifest and the command that obeys the container contract."""

    folder: Path
    manifest: AIModel
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """The AIModel's name."""
        return self.manifest.metadata.name

    def task_model(self) -> TaskModel:
        """Return the facts that go into a result."""
        spec = self.manifest.spec
        return TaskModel(
            name=self.name,
            version=spec.version,
            title=spec.title,
            image=spec.image,
            weights_sha256=spec.weights.sha256 if spec.weights else None,
            labels=spec.labels,
            no_findings=spec.no_findings,
        )


def models_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder that holds one folder a model; raise NotFound with the remedy."""
    named = environment.get(MODELS_FOLDER)
    folder = Path(named) if named else Path(__file__).parents[3] / "model-images"
    if not folder.is_dir():
        raise NotFound(f"no folder of models at {folder}: set {MODELS_FOLDER}")
    return folder


def find_models(environment: Mapping[str, str] = os.environ) -> tuple[LocalModel, ...]:
    """Return the models of the folder, by name."""
    manifests = sorted(models_folder(environment).glob(f"*/{_MANIFEST}"))
    return tuple(_read(path) for path in manifests)


def find_model(name: str, environment: Mapping[str, str] = os.environ) -> LocalModel:
    """Return one model by name; raise NotFound with the names there are."""
    models = find_models(environment)
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models) or "none"
    raise NotFound(f"no model {name} here (found: {known}); see `meninx models`")


def _read(path: Path) -> LocalModel:
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        manifest = next(d for d in documents if isinstance(d, dict) and d.get("kind") == "AIModel")
        model = AIModel.model_validate(manifest)
    except (yaml.YAMLError, ValidationError, StopIteration) as error:
        raise BadInput(f"{path} is no AIModel: {error}") from error
    return LocalModel(path.parent, model, _command(path.parent))


def _command(folder: Path) -> tuple[str, ...]:
    if (folder / _SCRIPT).is_file():
        return (sys.executable, str(folder / _SCRIPT))
    if (folder / _CONFIG).is_file():
        return (sys.executable, "-m", "meninx_models", "run", "--config", str(folder / _CONFIG))
    raise BadInput(f"{folder} holds neither {_SCRIPT} nor {_CONFIG}: nothing to start")

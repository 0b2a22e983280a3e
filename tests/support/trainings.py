"""What a TrainingJob's Kubernetes Job and pod look like, and what its container says."""

import json
from typing import Any

from tests.support.make import NAMESPACE, aimodel, condition
from tests.support.workload import JOB_UID, MADE, ended, running, waiting
from tests.support.workload import kubernetes_job as any_job
from tests.support.workload import pod as any_pod

Manifest = dict[str, Any]

DATASET, OTHER_DATASET = "da" * 32, "db" * 32
SHA256 = "5a" * 32


def quality(dice: float = 0.8, **more: Any) -> Manifest:
    """Return what a training measured."""
    return {"dice": dice, "averageHausdorffMm": 1.9, "heads": 12, "dataset": DATASET} | more


def message(dice: float = 0.8, **more: Any) -> str:
    """Return the message that a training ends with."""
    said = {"weights": "weights/model.onnx", "sha256": SHA256, "quality": quality(dice)}
    return json.dumps(said | more)


def line(epoch: int, epochs: int = 20, **more: Any) -> str:
    """Return a line of a training's log."""
    said = {"epoch": epoch, "epochs": epochs, "loss": 0.4, "dice": 0.6, "bestDice": 0.62}
    return json.dumps(said | {"etaSeconds": 120} | more)


def _container(name: str, words: str, said: str) -> Manifest:
    state, *rest = words.split()
    if state == "ended":
        return ended(name, int(rest[0]) if rest else 0, message=said)
    return running(name) if state == "running" else waiting(name, *rest)


def train_pod(
    words: str = "running", *, said: str = "", collect: str = "", collected: str = "", **more: Any
) -> Manifest:
    """Return the pod of a training: `running`, `waiting WHY` or `ended CODE`, with its last word.

    `collect` says the same of the container that makes the data set, `collected` its last word.
    """
    container = _container("train", words, said)
    before = [_container("collect", collect, collected)] if collect else []
    names = tuple(one["name"] for one in (*before, container))
    made = any_pod(*before, container, containers=names, **more)
    made["status"] |= {"initContainerStatuses": before, "containerStatuses": [container]}
    return made


def train_job(*true_conditions: str, name: str = "second", **more: Any) -> Manifest:
    """Return the Kubernetes Job of a training."""
    return any_job(*true_conditions, resource_name=name, **more)


def model(name: str = "unet-meningioma", measured: Manifest | None = None, **spec: Any) -> Manifest:
    """Return an AIModel as the cache holds it, with what was measured of it."""
    status: Manifest = {"conditions": [condition("Ready")]}
    if measured is not None:
        status["quality"] = measured
    metadata = {"resourceVersion": "7", "uid": f"uid-of-{name}"}
    return aimodel(name, status=status, metadata=metadata, **spec)


__all__ = ["JOB_UID", "MADE", "NAMESPACE"]

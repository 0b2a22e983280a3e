"""The weights of a step: its own container that brings them, and where the model finds them (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from meninx.controller.job.chain import ChainStep
from meninx.controller.job.steps import MODEL
from meninx.resources.aimodel import Weights

Manifest = dict[str, Any]

WEIGHTS = "weights"
FOLDER, CLAIM_FOLDER = "/meninx/weights", "/meninx/claim"
TOKEN_FOLDER, TOKEN_KEY = "/meninx/weights-token", "token"
RESOURCES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}
LABEL_DOWNLOADS = "meninx.io/downloads-weights"
"""Pods that carry it may reach the addresses that the chart allows for weights."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class WeightsStep:
    """The container that brings a step's weights; the image is our own."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    mounts: list[Manifest]


def brought(step: ChainStep) -> Weights | None:
    """Return the weights that have to be brought; None where they are in the image, or none are."""
    return step.weights if step.weights and step.weights.uri else None


def container_name(step: ChainStep) -> str:
    """Return the name of the container that brings a step's weights."""
    return WEIGHTS if step.name == MODEL else f"{WEIGHTS}-{step.name}"


def weights_path(step: ChainStep) -> str:
    """Return the path of the file as both containers see it; its ending is that of the address."""
    path = unquote(urlsplit((step.weights.uri or "") if step.weights else "").path)
    name = _UNFIT.sub("_", path.rpartition("/")[2])[-_LONGEST_NAME:].lstrip(".")
    return f"{FOLDER}/{name or WEIGHTS}"


def weights_step(step: ChainStep, patience_seconds: int) -> WeightsStep | None:
    """Return the container that runs before the step; None where nothing has to be brought.

    It tries for `patience_seconds` itself, so that an address that is away uses up no retry.
    """
    weights = brought(step)
    if weights is None:
        return None
    env = {
        "MENINX_WEIGHTS": weights_path(step),
        "MENINX_WEIGHTS_URI": weights.uri or "",
        "MENINX_WEIGHTS_SHA256": weights.sha256,
        "MENINX_PATIENCE_SECONDS": str(patience_seconds),
    }
    mounts: list[Manifest] = [{"name": container_name(step), "mountPath": FOLDER}]
    if _claim(weights):
        env["MENINX_WEIGHTS_CLAIM"] = CLAIM_FOLDER
        mounts.append(_read_only(f"{container_name(step)}-claim", CLAIM_FOLDER))
    if weights.secret_ref:
        env["MENINX_WEIGHTS_TOKEN_FILE"] = f"{TOKEN_FOLDER}/{TOKEN_KEY}"
        mounts.append(_read_only(f"{container_name(step)}-token", TOKEN_FOLDER))
    return WeightsStep(container_name(step), ("meninx", WEIGHTS), env, mounts)


def _read_only(volume: str, path: str) -> Manifest:
    return {"name": volume, "mountPath": path, "readOnly": True}


def _claim(weights: Weights) -> str | None:
    parts = urlsplit(weights.uri or "")
    return parts.netloc if parts.scheme == "pvc" else None


def model_env(step: ChainStep) -> dict[str, str]:
    """Return the variable by which the step's own container finds its weights."""
    return {"MENINX_WEIGHTS": weights_path(step)} if brought(step) else {}


def model_mounts(step: ChainStep) -> list[Manifest]:
    """Return the mount by which the step's own container reads its weights."""
    return [_read_only(container_name(step), FOLDER)] if brought(step) else []


def volumes(steps: Sequence[ChainStep]) -> list[Manifest]:
    """Return the volumes that bringing the steps' weights needs."""
    found: list[Manifest] = []
    for step in steps:
        weights, name = brought(step), container_name(step)
        if weights is None:
            continue
        found.append({"name": name, "emptyDir": {}})
        if claim := _claim(weights):
            source = {"claimName": claim, "readOnly": True}
            found.append({"name": f"{name}-claim", "persistentVolumeClaim": source})
        if weights.secret_ref:
            items = [{"key": TOKEN_KEY, "path": TOKEN_KEY}]
            secret = {
                "secretName": weights.secret_ref.name,
                "items": items,
                "defaultMode": 0o440,
            }
            found.append({"name": f"{name}-token", "secret": secret})
    return found


def pod_labels(steps: Sequence[ChainStep]) -> dict[str, str]:
    """Return the label that lets the pod reach the addresses of weights, where it needs to."""
    downloads = any((w := brought(step)) is not None and not _claim(w) for step in steps)
    return {LABEL_DOWNLOADS: "true"} if downloads else {}

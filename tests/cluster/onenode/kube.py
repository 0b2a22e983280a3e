"""kubectl, as the cluster's administrator."""

from __future__ import annotations

import json
from typing import Any

from . import pki
from .binaries import path
from .shell import run


def kubectl(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
    """kubectl's standard output."""
    return run(
        [path("kubectl"), "--kubeconfig", pki.kubeconfig("admin"), *arguments],
        stdin=stdin,
        check=check,
    )


def get(*arguments: str) -> Any:
    """What `kubectl get -o json` says; None where it could not ask."""
    text = kubectl("get", "-o", "json", "--request-timeout=5s", *arguments, check=False)
    return json.loads(text) if text.strip() else None

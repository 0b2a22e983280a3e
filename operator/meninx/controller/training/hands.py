"""Doing to AIModels what a training's decision asks for, each under a name of its own."""

from typing import Any

from meninx.controller.actions import ApplyModel, PromoteVersion, WriteQuality
from meninx.kube.client import Api
from meninx.kube.kinds import AIMODEL
from meninx.resources import names


def do(api: Api, namespace: str, action: ApplyModel | WriteQuality | PromoteVersion) -> None:
    """Do one action; done again it changes nothing. Conflict where another promotion came first."""
    match action:
        case ApplyModel(manifest):
            api.apply(AIMODEL, manifest, manager=names.FIELD_MANAGER_TRAINING)
        case WriteQuality(model, quality):
            metadata = {"name": model, "namespace": namespace}
            measured = {"metadata": metadata, "status": {"quality": quality}}
            # Not the operator's own name: it writes the rest of the status without this.
            api.apply(AIMODEL, measured, manager=names.FIELD_MANAGER_TRAINING, subresource="status")
        case PromoteVersion(model, resource_version, version):
            promote(api, namespace, model, version, resourceVersion=resource_version)


def promote(api: Api, namespace: str, model: str, version: str, **more: Any) -> None:
    """Make a version the current one of its model; `more` goes into the metadata."""
    metadata = {"name": model, "namespace": namespace, **more}
    manifest = {"metadata": metadata, "spec": {"current": {"name": version}}}
    api.apply(AIMODEL, manifest, manager=names.FIELD_MANAGER_PROMOTION)

"""Doing what a decision asks for, by server-side apply under our own name."""

import base64
from dataclasses import dataclass, field
from typing import Any

from meninx.base.errors import NotFound
from meninx.base.tokens import Claims, mint
from meninx.controller.actions import (
    Action,
    ApplyClaimTemplate,
    ApplyCredential,
    ApplyModel,
    CreateJob,
    DeleteJob,
    DeleteResource,
    Emit,
    PromoteVersion,
    SetInUse,
    SuspendJob,
    WriteQuality,
    WriteStatus,
)
from meninx.controller.job.pod import TOKEN_KEY, owner_reference
from meninx.controller.training import hands
from meninx.kube.client import Api
from meninx.kube.kinds import CLAIM_TEMPLATE, INFERENCEJOB, JOB, SECRET, Kind
from meninx.resources import names

Manifest = dict[str, Any]

COMPONENT = names.FIELD_MANAGER_OPERATOR
_SEEN = ("name", "namespace", "uid", "resourceVersion")
"""A status is only written to the very object that was decided on; else it is read again."""
SUSPEND_MANAGER = f"{names.FIELD_MANAGER_OPERATOR}-suspend"
"""A name of its own, so that holding a Job back does not give up the rest of its spec."""
IN_USE_MANAGER = f"{names.FIELD_MANAGER_OPERATOR}-in-use"
"""A name of its own: it owns the one finalizer and gives it up by applying nothing."""


@dataclass(frozen=True)
class Applier:
    """The hands of the operator for one kind of resource."""

    api: Api
    kind: Kind
    signing_key: bytes = field(repr=False, default=b"")

    def do(self, resource: Manifest, action: Action) -> None:
        """Do one action; done again it changes nothing."""
        match action:
            case ApplyCredential(claims):
                secret = credential(resource, claims, self.signing_key, self.kind)
                self.api.apply(SECRET, secret, manager=names.FIELD_MANAGER_OPERATOR)
            case ApplyClaimTemplate(manifest) | CreateJob(manifest):
                kind = JOB if isinstance(action, CreateJob) else CLAIM_TEMPLATE
                self.api.apply(kind, manifest, manager=names.FIELD_MANAGER_OPERATOR)
            case SuspendJob():
                held = _suspended(resource, action)
                self.api.apply(JOB, held, manager=SUSPEND_MANAGER)
            case Emit(type_, reason, message):
                self.api.event(
                    resource, type=type_, reason=reason, message=message, component=COMPONENT
                )
            case WriteStatus(status):
                self._write_status(resource, status)
            case SetInUse(in_use):
                self._set_in_use(resource, in_use=in_use)
            case DeleteJob(name, uid):
                self.api.delete(JOB, resource["metadata"]["namespace"], name, uid=uid)
            case ApplyModel() | WriteQuality() | PromoteVersion():
                hands.do(self.api, resource["metadata"]["namespace"], action)
            case DeleteResource():
                metadata = resource["metadata"]
                self.api.delete(
                    self.kind, metadata["namespace"], metadata["name"], uid=metadata["uid"]
                )

    def _set_in_use(self, resource: Manifest, *, in_use: bool) -> None:
        metadata = {key: resource["metadata"][key] for key in ("name", "namespace", "uid")}
        if in_use:
            metadata["finalizers"] = [names.FINALIZER_IN_USE]
        manifest = {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": metadata,
        }
        try:
            self.api.apply(self.kind, manifest, manager=IN_USE_MANAGER)
        except NotFound:
            return  # deleted in between: nothing to hold

    def _write_status(self, resource: Manifest, status: Manifest) -> None:
        metadata = resource["metadata"]
        manifest = {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {key: metadata[key] for key in _SEEN},
            "status": status,
        }
        try:
            self.api.apply(
                self.kind, manifest, manager=names.FIELD_MANAGER_OPERATOR, subresource="status"
            )
        except NotFound:
            return  # deleted in between: nothing to tell


def _suspended(resource: Manifest, action: SuspendJob) -> Manifest:
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {
            "name": action.name,
            "namespace": resource["metadata"]["namespace"],
            "uid": action.uid,
        },
        "spec": {"suspend": action.suspend},
    }


def credential(
    resource: Manifest, claims: Claims, signing_key: bytes, kind: Kind = INFERENCEJOB
) -> Manifest:
    """Return the Secret with the job's token; it goes with the InferenceJob, or TrainingJob."""
    metadata = resource["metadata"]
    job_name = names.kubernetes_job(metadata["name"], metadata["uid"])
    token = mint(signing_key, claims)
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": names.credential(job_name),
            "namespace": metadata["namespace"],
            "labels": {names.LABEL_MANAGED: names.MANAGED_BY},
            "ownerReferences": [owner_reference(metadata["name"], metadata["uid"], kind)],
        },
        "type": "Opaque",
        "data": {TOKEN_KEY: base64.b64encode(token.encode()).decode()},
    }

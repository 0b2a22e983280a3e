"""What the API server says now, as one frozen value for each decision."""

from typing import Any

from meninx.controller.job.observed import Observed as ObservedJob
from meninx.controller.model.decide import Observed as ObservedModel
from meninx.kube.client import Api
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, JOB, NODE, POD
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL

Manifest = dict[str, Any]


def owned_by(manifest: Manifest, uid: str) -> bool:
    """Tell whether an object's owner is the one with this uid."""
    owners = manifest["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == uid for owner in owners)


def _pods(api: Api, resource: Manifest, job: Manifest) -> tuple[Manifest, ...]:
    metadata = resource["metadata"]
    labels = {names.LABEL_JOB: names.label_value(metadata["name"])}
    found = api.list(POD, metadata["namespace"], labels=labels)
    return tuple(pod for pod in found if owned_by(pod, job["metadata"]["uid"]))


def observe_job(api: Api, namespace: str, name: str) -> ObservedJob | None:
    """Read an InferenceJob and all that its decision needs; None where it does not exist."""
    resource = api.get(INFERENCEJOB, namespace, name)
    if resource is None:
        return None
    job_name = names.kubernetes_job(name, resource["metadata"]["uid"])
    job = api.get(JOB, namespace, job_name)
    if (resource.get("status") or {}).get("phase") in TERMINAL:
        return ObservedJob(resource, kubernetes_job=job)
    model_name = ((resource.get("spec") or {}).get("modelRef") or {}).get("name")
    model = api.get(AIMODEL, namespace, model_name) if model_name else None
    if job is None:
        return ObservedJob(resource, model)
    return ObservedJob(resource, model, job, _pods(api, resource, job))


def observe_model(api: Api, namespace: str, name: str) -> ObservedModel | None:
    """Read an AIModel and the nodes; None where it does not exist."""
    resource = api.get(AIMODEL, namespace, name)
    if resource is None:
        return None
    return ObservedModel(resource, tuple(api.list(NODE, None)))

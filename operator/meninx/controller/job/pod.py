"""An InferenceJob and its chain of steps as one Kubernetes Job manifest (pure)."""

from collections.abc import Sequence
from typing import Any

from meninx.controller.job import container, needs, weights
from meninx.controller.job.chain import Chain, ChainStep
from meninx.controller.job.container import TOKEN_KEY, USER
from meninx.controller.job.policy import failure_policy
from meninx.controller.queue.kueue import handed_over
from meninx.controller.settings import PodSettings
from meninx.kube.kinds import INFERENCEJOB, JOB, Kind
from meninx.resources import names
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.task import Task, TaskModel, TaskPipeline, TaskStep, channels_of

__all__ = ["TOKEN_KEY", "kubernetes_job", "labels", "node_selector", "owner_reference", "task"]

Manifest = dict[str, Any]

POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def task(job: InferenceJob, chain: Chain) -> Task:
    """Return what our steps are told."""
    given = job.spec.input
    return Task(
        namespace=job.metadata.namespace or "",
        job=job.metadata.name,
        job_uid=job.metadata.uid or "",
        study=given.store_study,
        revision=given.store_revision,
        folder=given.volume_claim.path if given.volume_claim else None,
        contract=chain.steps[0].contract,
        channels=channels_of(given, chain.channels),
        model=_maker(chain.last_model),
        pipeline=_pipeline(chain) if chain.pipeline else None,
    )


def _maker(step: ChainStep) -> TaskModel:
    return TaskModel.model_validate(
        {
            "name": step.model,
            "version": step.version,
            "title": step.title,
            "image": step.image,
            "weights_sha256": step.weights.sha256 if step.weights else None,
            "labels": list(step.labels),
            "no_findings": step.no_findings,
        }
    )


def _pipeline(chain: Chain) -> TaskPipeline:
    steps = [
        TaskStep(
            name=step.name,
            image=step.image,
            model=_maker(step) if step.model is not None else None,
            intermediate=step.intermediate or None,
        )
        for step in chain.steps
    ]
    return TaskPipeline(name=chain.name, version=chain.version, steps=steps)


def owner_reference(name: str, uid: str, kind: Kind = INFERENCEJOB) -> Manifest:
    """Return the reference that makes a child go with its InferenceJob, or what else owns it."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def labels(job: InferenceJob) -> dict[str, str]:
    """Return the labels of everything made for a job."""
    carried = {names.LABEL_ROUTE, names.LABEL_STUDY} & job.metadata.labels.keys()
    return {
        "app.kubernetes.io/name": "meninx",
        "app.kubernetes.io/component": "inference",
        names.LABEL_MANAGED: names.MANAGED_BY,
        names.LABEL_JOB: names.label_value(job.metadata.name),
        names.LABEL_MODEL: names.label_value(job.spec.work),
        **{key: job.metadata.labels[key] for key in sorted(carried)},
    }


def node_selector(model: AIModel, default_gpu_product: str | None) -> dict[str, str]:
    """Return the labels that a node must carry to run the model."""
    return needs.node_selector(model.spec.resources, default_gpu_product)


def _containers(chain: Chain, work: Task, settings: PodSettings) -> list[Manifest]:
    """Return all containers in the order in which they run."""
    made = [container.fetch(work, settings)]
    claims = needs.claims(chain.steps)
    for place in container.places(chain):
        made += container.weights_of(place.step, chain, settings)
        if place.when is not None:
            made.append(container.gate(place, place.when, settings))
        made.append(container.step(place, claims))
    return [*made, container.deliver(work, chain, settings)]


def _volumes(
    job: InferenceJob, chain: Chain, job_name: str, containers: Sequence[Manifest]
) -> list[Manifest]:
    folders = ["input", "source", *(container.output_of(step.name) for step in chain.steps)]
    if any(step.when for step in chain.steps):
        folders.append("gates")
    folders += [f"tmp-{made['name']}" for made in containers]
    folders += [name for step in chain.steps for name, _ in container.scratch_of(step)]
    secret = {"secretName": names.credential(job_name), "defaultMode": 0o440}
    return [
        *({"name": name, "emptyDir": {}} for name in folders),
        *weights.volumes(chain.steps),
        *needs.shared_memory_volumes(chain.steps),
        {"name": "credential", "secret": secret},
        *_claim(job),
    ]


def _claim(job: InferenceJob) -> list[Manifest]:
    given = job.spec.input.volume_claim
    if given is None:
        return []
    source = {"claimName": given.name, "readOnly": True}
    return [{"name": "claim", "persistentVolumeClaim": source}]


def _pod(job: InferenceJob, chain: Chain, job_name: str, settings: PodSettings) -> Manifest:
    made = _containers(chain, task(job, chain), settings)
    account = settings.service_account
    priority = settings.priority_class(job.spec.priority)
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": chain.timeout_seconds,
        "terminationGracePeriodSeconds": 10,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        **needs.pod_fields(chain.steps, settings.gpu_product, job_name),
        **({"serviceAccountName": account} if account else {}),
        **({"priorityClassName": priority} if priority else {}),
        "initContainers": made[:-1],
        "containers": made[-1:],
        "volumes": _volumes(job, chain, job_name, made),
    }


def kubernetes_job(job: InferenceJob, chain: Chain, settings: PodSettings) -> Manifest:
    """Return the one Kubernetes Job of an InferenceJob; equal inputs give equal manifests."""
    uid = job.metadata.uid or ""
    name = names.kubernetes_job(job.metadata.name, uid)
    marks = labels(job)
    full_name = {names.LABEL_JOB: job.metadata.name}
    spec = _pod(job, chain, name, settings)
    made = {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {
            "name": name,
            "namespace": job.metadata.namespace,
            "labels": marks,
            "annotations": full_name,
            "ownerReferences": [owner_reference(job.metadata.name, uid)],
        },
        "spec": {
            "backoffLimit": job.spec.retries,
            "completions": 1,
            "parallelism": 1,
            "podFailurePolicy": failure_policy(
                [made["name"] for made in (*spec["initContainers"], *spec["containers"])]
            ),
            "template": {
                "metadata": {
                    "labels": {**marks, **weights.pod_labels(chain.steps)},
                    "annotations": full_name,
                },
                "spec": spec,
            },
        },
    }
    return handed_over(made, job.spec.queue_name)

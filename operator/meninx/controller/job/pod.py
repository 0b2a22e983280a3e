"""An InferenceJob and its model as one Kubernetes Job manifest (pure)."""

from collections.abc import Mapping
from typing import Any

from meninx.controller.job.failure import FINAL_EXIT_CODES, FREE_EXIT_CODES
from meninx.controller.job.steps import DELIVER, FETCH, MODEL, STEPS
from meninx.controller.settings import PodSettings
from meninx.kube.kinds import INFERENCEJOB, JOB
from meninx.resources import names
from meninx.resources.aimodel import AIModel
from meninx.resources.inferencejob import InferenceJob
from meninx.resources.task import Task, TaskChannel, TaskModel

Manifest = dict[str, Any]

GPU_PRODUCT_LABEL = "nvidia.com/gpu.product"
INPUT, OUTPUT, SOURCE = "/meninx/input", "/meninx/output", "/meninx/source"
CREDENTIAL, TOKEN_KEY = "/meninx/credential", "token"
USER = 65532

_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_STEP_RESOURCES = {
    FETCH: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
    DELIVER: {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "3Gi"}},
}


def task(job: InferenceJob, model: AIModel) -> Task:
    """Return what the steps are told; the model's channel order decides, its first is the reference."""
    chosen = {channel.name: channel for channel in job.spec.input.channels}
    spec = model.spec
    return Task(
        namespace=job.metadata.namespace or "",
        job=job.metadata.name,
        job_uid=job.metadata.uid or "",
        study=job.spec.input.study or "",
        revision=job.spec.input.revision,
        channels=[
            TaskChannel(
                **chosen[channel.name].model_dump(),
                compress=channel.compress,
                min_slices=channel.selector.min_slices,
            )
            for channel in spec.channels
        ],
        model=TaskModel(
            name=model.metadata.name,
            version=spec.version,
            title=spec.title or model.metadata.name,
            image=spec.image,
            weights_sha256=spec.weights.sha256 if spec.weights else None,
            labels=spec.labels,
            no_findings=spec.no_findings,
        ),
    )


def owner_reference(name: str, uid: str) -> Manifest:
    """Return the reference that makes a child go with its InferenceJob."""
    return {
        "apiVersion": INFERENCEJOB.api_version,
        "kind": INFERENCEJOB.kind,
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
    needs = model.spec.resources
    product = needs.gpu.product or default_gpu_product
    gpu = {GPU_PRODUCT_LABEL: product} if needs.gpu.count and product else {}
    return {**gpu, **needs.node_selector}


def _mount(volume: str, path: str, *, read_only: bool = False) -> Manifest:
    mount: Manifest = {"name": volume, "mountPath": path}
    return {**mount, "readOnly": True} if read_only else mount


def _env(**values: str) -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _container(name: str, image: str, mounts: list[Manifest], env: list[Manifest]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [*env, {"name": "HOME", "value": "/tmp"}],  # noqa: S108 - an emptyDir of its own
        "volumeMounts": [*mounts, _mount(f"tmp-{name}", "/tmp")],  # noqa: S108
        "securityContext": _CONTAINER_SECURITY,
    }


def _step(name: str, work: Task, settings: PodSettings) -> Manifest:
    """Return `fetch` or `deliver`: our own image, with the credential and the source images."""
    fetch = name == FETCH
    folder = _mount("input", INPUT) if fetch else _mount("output", OUTPUT, read_only=True)
    env = _env(
        MENINX_TASK=work.model_dump_json(by_alias=True, exclude_none=True),
        MENINX_STORE_URL=settings.store_url,
        MENINX_TOKEN_FILE=f"{CREDENTIAL}/{TOKEN_KEY}",
        **({"MENINX_INPUT": INPUT} if fetch else {"MENINX_OUTPUT": OUTPUT}),
        MENINX_SOURCE=SOURCE,
    )
    mounts = [
        folder,
        _mount("source", SOURCE, read_only=not fetch),
        _mount("credential", CREDENTIAL, read_only=True),
    ]
    return {
        **_container(name, settings.image, mounts, env),
        "command": ["meninx", name],
        "resources": _STEP_RESOURCES[name],
    }


def _model(model: AIModel) -> Manifest:
    """Return the model's container: its own image, neither credential nor source images."""
    needs = model.spec.resources
    gpu = {needs.gpu.resource: str(needs.gpu.count)} if needs.gpu.count else {}
    mounts = [_mount("input", INPUT, read_only=True), _mount("output", OUTPUT)]
    env = _env(MENINX_INPUT=INPUT, MENINX_OUTPUT=OUTPUT)
    return {
        **_container(MODEL, model.spec.image, mounts, env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {
            "requests": {"cpu": needs.cpu, "memory": needs.memory, **gpu},
            "limits": {"memory": needs.memory, **gpu},
        },
    }


def _volumes(job_name: str) -> list[Manifest]:
    folders = ["input", "output", "source", *(f"tmp-{step}" for step in STEPS)]
    secret = {"secretName": names.credential(job_name), "defaultMode": 0o440}
    return [
        *({"name": name, "emptyDir": {}} for name in folders),
        {"name": "credential", "secret": secret},
    ]


def _on_exit(action: str, codes: Mapping[str, tuple[int, ...]]) -> list[Manifest]:
    return [
        {
            "action": action,
            "onExitCodes": {"containerName": step, "operator": "In", "values": list(values)},
        }
        for step, values in codes.items()
    ]


def _failure_policy() -> Manifest:
    disrupted = {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }
    free = _on_exit("Ignore", FREE_EXIT_CODES)
    return {"rules": [disrupted, *free, *_on_exit("FailJob", FINAL_EXIT_CODES)]}


def _pod(job_name: str, work: Task, model: AIModel, settings: PodSettings) -> Manifest:
    needs = model.spec.resources
    optional = {
        "nodeSelector": node_selector(model, settings.gpu_product),
        "tolerations": needs.tolerations,
        "runtimeClassName": needs.runtime_class_name,
        "serviceAccountName": settings.service_account,
    }
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": model.spec.timeout_seconds,
        "terminationGracePeriodSeconds": 10,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _POD_SECURITY,
        **{key: value for key, value in optional.items() if value},
        "initContainers": [_step(FETCH, work, settings), _model(model)],
        "containers": [_step(DELIVER, work, settings)],
        "volumes": _volumes(job_name),
    }


def kubernetes_job(job: InferenceJob, model: AIModel, settings: PodSettings) -> Manifest:
    """Return the one Kubernetes Job of an InferenceJob; equal inputs give equal manifests."""
    uid = job.metadata.uid or ""
    name = names.kubernetes_job(job.metadata.name, uid)
    marks = labels(job)
    full_name = {names.LABEL_JOB: job.metadata.name}
    return {
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
            "podFailurePolicy": _failure_policy(),
            "template": {
                "metadata": {"labels": marks, "annotations": full_name},
                "spec": _pod(name, task(job, model), model, settings),
            },
        },
    }

"""A TrainingJob as one Kubernetes Job manifest (pure)."""

from typing import Any

from meninx.controller.job import needs
from meninx.controller.job.container import TMP, container, env, mount
from meninx.controller.job.pod import POD_SECURITY, owner_reference
from meninx.controller.job.policy import failure_policy
from meninx.controller.job.steps import COLLECT, TRAIN
from meninx.controller.settings import PodSettings
from meninx.controller.training import collecting, plan
from meninx.controller.training.observed import chain_of
from meninx.kube.kinds import JOB, TRAININGJOB
from meninx.resources import names
from meninx.resources.trainingdata import Claim
from meninx.resources.trainingjob import TrainingJob

Manifest = dict[str, Any]

PRIORITY = "Training"
DATA, OUTPUT = "/meninx/data", "/meninx/output"
PLAN, PLAN_FILE = "/meninx/plan", "plan.yaml"
ANNOTATION_PLAN = "meninx.io/plan"
GRACE_SECONDS = 30
"""What a training has to write its checkpoint when it is told to end."""

_SECURITY = {**POD_SECURITY, "fsGroupChangePolicy": "OnRootMismatch"}
"""A claim may hold a whole data set: its files change hands once, not at every start."""


def labels(job: TrainingJob) -> dict[str, str]:
    """Return the labels of everything made for a training."""
    return {
        "app.kubernetes.io/name": "meninx",
        "app.kubernetes.io/component": "training",
        names.LABEL_MANAGED: names.MANAGED_BY,
        names.LABEL_TRAINING: names.label_value(job.metadata.name),
    }


def _claims(job: TrainingJob) -> dict[str, str]:
    """Return each claim's volume: one claim is mounted as one volume, even where both are on it."""
    data, output = job.spec.data.volume_claim, job.spec.output.volume_claim
    volumes = {output.claim_name: "output"}
    if data is not None and data.claim_name not in volumes:
        volumes[data.claim_name] = "data"
    return volumes


def _data(job: TrainingJob) -> Claim:
    """Return the folder of the data set: given, or made within the output."""
    output = job.spec.output.volume_claim
    parts = (part for part in (output.path, collecting.DATASET) if part)
    made = Claim(claim_name=output.claim_name, path="/".join(parts))
    return job.spec.data.volume_claim or made


def _folder(volumes: dict[str, str], claim: Claim, path: str, *, read_only: bool) -> Manifest:
    made = mount(volumes[claim.claim_name], path, read_only=read_only)
    return {**made, "subPath": claim.path} if claim.path else made


def _output(job: TrainingJob) -> Manifest:
    return _folder(_claims(job), job.spec.output.volume_claim, OUTPUT, read_only=False)


def _container(job: TrainingJob) -> Manifest:
    spec, volumes, steps = job.spec, _claims(job), chain_of(job).steps
    mounts = [
        _folder(volumes, _data(job), DATA, read_only=True),
        _output(job),
        mount("plan", PLAN, read_only=True),
        *needs.shared_memory_mounts(steps[0]),
    ]
    variables = env(
        MENINX_PLAN=f"{PLAN}/{PLAN_FILE}",
        MENINX_DATA=DATA,
        MENINX_OUTPUT=OUTPUT,
        PYTHONUNBUFFERED="1",
    )
    return {
        **container(TRAIN, spec.image, mounts, variables, home=TMP),
        **command(job),
        # Never the end of its log: it sees the names of files, and one of them may be a patient's.
        "terminationMessagePolicy": "File",
        "resources": needs.container_resources(spec.resources, needs.claims(steps)),
    }


def command(job: TrainingJob) -> dict[str, list[str]]:
    """Return command and args; with several GPUs torchrun starts the command once for each."""
    spec = job.spec
    words = list(spec.command or ())
    if spec.resources.gpu.count > 1:
        each = f"--nproc-per-node={spec.resources.gpu.count}"
        words = ["torchrun", "--standalone", each, "--no-python", *words]
    wanted = {"command": words, "args": list(spec.args or ())}
    return {key: value for key, value in wanted.items() if value}


def _volumes(job: TrainingJob, job_name: str) -> list[Manifest]:
    file = {
        "path": PLAN_FILE,
        "fieldRef": {"fieldPath": f"metadata.annotations['{ANNOTATION_PLAN}']"},
    }
    return [
        *(
            {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
            for claim, volume in _claims(job).items()
        ),
        {"name": "plan", "downwardAPI": {"items": [file]}},
        {"name": f"tmp-{TRAIN}", "emptyDir": {}},
        *needs.shared_memory_volumes(chain_of(job).steps),
        *collecting.volumes(job, job_name),
    ]


def _pod(job: TrainingJob, job_name: str, settings: PodSettings) -> Manifest:
    before = collecting.containers(job, settings, _output(job))
    account, priority = settings.service_account, settings.priority_class(PRIORITY)
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        # As process 1 a program that does not listen for SIGTERM would not hear it.
        "shareProcessNamespace": True,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _SECURITY,
        **needs.pod_fields(chain_of(job).steps, settings.gpu_product, job_name),
        **({"serviceAccountName": account} if account else {}),
        **({"priorityClassName": priority} if priority else {}),
        **({"initContainers": before} if before else {}),
        "containers": [_container(job)],
        "volumes": _volumes(job, job_name),
    }


def kubernetes_job(job: TrainingJob, settings: PodSettings, *, retries: int) -> Manifest:
    """Return the one Kubernetes Job of a TrainingJob; equal inputs give equal manifests."""
    uid = job.metadata.uid or ""
    name = names.kubernetes_job(job.metadata.name, uid)
    marks, full_name = labels(job), {names.LABEL_TRAINING: job.metadata.name}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {
            "name": name,
            "namespace": job.metadata.namespace,
            "labels": marks,
            "annotations": full_name,
            "ownerReferences": [owner_reference(job.metadata.name, uid, TRAININGJOB)],
        },
        "spec": {
            "backoffLimit": retries,
            "completions": 1,
            "parallelism": 1,
            # A second pod must not write to the output while the first one still does.
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": failure_policy(
                [COLLECT, TRAIN] if job.spec.data.store else [TRAIN]
            ),
            "template": {
                "metadata": {
                    "labels": {**marks, **collecting.pod_labels(job)},
                    "annotations": {**full_name, ANNOTATION_PLAN: plan.text(job.spec.plan)},
                },
                "spec": _pod(job, name, settings),
            },
        },
    }

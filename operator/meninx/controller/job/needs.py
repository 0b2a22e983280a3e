"""What steps need (GPU, memory, nodes) as fields of a container and of its pod (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.controller.job.chain import ChainStep
from meninx.resources.aimodel import Gpu, Resources

Manifest = dict[str, Any]

GPU_PRODUCT_LABEL = "nvidia.com/gpu.product"
MIG_RESOURCE = "nvidia.com/mig-"
WHOLE_GPU: str = Gpu.model_fields["resource"].default
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where programs look for shared memory
CLAIM_API_VERSION = "resource.k8s.io/v1"


@dataclass(frozen=True)
class Claim:
    """Devices of one class that a pod asks for by dynamic resource allocation."""

    name: str
    device_class: str
    count: int


def extended_resources(gpu: Gpu) -> dict[str, int]:
    """Return what the device plugin is asked for; nothing on the CPU or where devices are claimed."""
    if not gpu.count or gpu.device_class:
        return {}
    name = f"{MIG_RESOURCE}{gpu.mig_profile}" if gpu.mig_profile else gpu.resource
    return {name: gpu.count}


def node_selector(needs: Resources, default_gpu_product: str | None) -> dict[str, str]:
    """Return the labels that a node must carry.

    The chart's product is that of whole NVIDIA GPUs: a MIG profile, a device class or another
    vendor's resource already says which devices are meant.
    """
    gpu = needs.gpu
    whole = not (gpu.mig_profile or gpu.device_class) and gpu.resource == WHOLE_GPU
    product = gpu.product or (default_gpu_product if whole else None)
    labels = {GPU_PRODUCT_LABEL: product} if gpu.count and product else {}
    return {**labels, **needs.node_selector}


def claims(steps: Sequence[ChainStep]) -> tuple[Claim, ...]:
    """Return the claims of a pod: steps run one after another, so equal needs share one."""
    wanted = dict.fromkeys(key for step in steps if (key := _claimed(step.resources)))
    return tuple(Claim(f"gpu-{number}", *key) for number, key in enumerate(wanted, start=1))


def _claimed(needs: Resources) -> tuple[str, int] | None:
    gpu = needs.gpu
    return (gpu.device_class, gpu.count) if gpu.device_class and gpu.count else None


def container_resources(needs: Resources, pod_claims: Sequence[Claim] = ()) -> Manifest:
    """Return requests, limits and claims of a step's container; `pod_claims` are its pod's."""
    devices = {name: str(count) for name, count in extended_resources(needs.gpu).items()}
    used = [
        {"name": claim.name}
        for claim in pod_claims
        if (claim.device_class, claim.count) == _claimed(needs)
    ]
    return {
        "requests": {"cpu": needs.cpu, "memory": needs.memory, **devices},
        "limits": {"memory": needs.memory, **devices},
        **({"claims": used} if used else {}),
    }


def shared_memory_mounts(step: ChainStep) -> list[Manifest]:
    """Return the mount of the step's own shared memory, where it asks for some."""
    if not step.resources.shared_memory:
        return []
    return [{"name": f"shm-{step.name}", "mountPath": SHARED_MEMORY}]


def shared_memory_volumes(steps: Sequence[ChainStep]) -> list[Manifest]:
    """Return the volumes of the steps' shared memory: what is in them counts to the memory limit."""
    return [
        {
            "name": f"shm-{step.name}",
            "emptyDir": {"medium": "Memory", "sizeLimit": step.resources.shared_memory},
        }
        for step in steps
        if step.resources.shared_memory
    ]


def pod_fields(
    steps: Sequence[ChainStep], default_gpu_product: str | None, job_name: str
) -> Manifest:
    """Return the fields of the pod's spec that its steps ask for, those that are needed only."""
    selector: dict[str, str] = {}
    for step in steps:
        selector |= node_selector(step.resources, default_gpu_product)
    runtimes = [step.resources.runtime_class_name for step in steps]
    secrets = dict.fromkeys(name for step in steps for name in step.pull_secrets)
    fields = {
        "nodeSelector": selector,
        "tolerations": _tolerations(steps),
        "runtimeClassName": next((name for name in runtimes if name), None),
        "imagePullSecrets": [{"name": name} for name in secrets],
        "resourceClaims": [
            {"name": claim.name, "resourceClaimTemplateName": template_name(job_name, claim)}
            for claim in claims(steps)
        ],
    }
    return {key: value for key, value in fields.items() if value}


def _tolerations(steps: Sequence[ChainStep]) -> list[Manifest]:
    kept: list[Manifest] = []
    for step in steps:
        kept += [wanted for wanted in step.resources.tolerations if wanted not in kept]
    return kept


def clash(steps: Sequence[ChainStep], default_gpu_product: str | None) -> str | None:
    """Say why the steps can't share one pod; None where they can."""
    selector: dict[str, str] = {}
    runtime: str | None = None
    for step in steps:
        for label, value in node_selector(step.resources, default_gpu_product).items():
            if selector.setdefault(label, value) != value:
                return f"steps ask for nodes with {label} of both {selector[label]} and {value}"
        wanted = step.resources.runtime_class_name
        if wanted and runtime and wanted != runtime:
            return f"steps ask for the runtime classes {runtime} and {wanted}"
        runtime = runtime or wanted
    return None


def template_name(job_name: str, claim: Claim) -> str:
    """Name the template of a claim of a Kubernetes Job."""
    return f"{job_name}-{claim.name}"


def claim_templates(
    steps: Sequence[ChainStep], job_name: str, metadata: Mapping[str, Any]
) -> tuple[Manifest, ...]:
    """Return the templates that the pod's claims are made from, to be there before the Job.

    `metadata` is what they carry beside their name: namespace, labels, ownerReferences.
    """
    return tuple(
        {
            "apiVersion": CLAIM_API_VERSION,
            "kind": "ResourceClaimTemplate",
            "metadata": {**metadata, "name": template_name(job_name, claim)},
            "spec": {"spec": {"devices": {"requests": [_request(claim)]}}},
        }
        for claim in claims(steps)
    )


def _request(claim: Claim) -> Manifest:
    exactly = {
        "deviceClassName": claim.device_class,
        "allocationMode": "ExactCount",
        "count": claim.count,
    }
    return {"name": "gpu", "exactly": exactly}

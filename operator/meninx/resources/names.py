"""Every derived name, label and key: built here and nowhere else."""

import hashlib

LABEL_JOB = "meninx.io/inference-job"
LABEL_TRAINING = "meninx.io/training-job"
LABEL_MODEL = "meninx.io/model"
LABEL_ROUTE = "meninx.io/route"
LABEL_STUDY = "meninx.io/study"
LABEL_MANAGED = "app.kubernetes.io/managed-by"
MANAGED_BY = "meninx"
FINALIZER_IN_USE = "meninx.io/in-use"

FIELD_MANAGER_OPERATOR = "meninx-operator"
FIELD_MANAGER_ROUTING = "meninx-routing"
FIELD_MANAGER_DELIVERY = "meninx-delivery"
FIELD_MANAGER_PULL = "meninx-pull"
FIELD_MANAGER_SETUP = "meninx-setup"
FIELD_MANAGER_TRAINING = "meninx-training"
FIELD_MANAGER_PROMOTION = "meninx-promotion"

UID_ROOT = "2.25."


def digest(*parts: str) -> str:
    """Return a stable hex digest of the parts, order and borders included."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def inference_job(route: str, model: str, model_version: str, study: str, inputs: list[str]) -> str:
    """Name the one InferenceJob of a route, model version, study revision and series set.

    `inputs` are the revision and the channel=series pairs; their order does not matter.
    """
    key = digest(route, model, model_version, study, *sorted(inputs))
    return f"{route[:30].rstrip('-.').replace('.', '-')}-{study[:9]}-{key[:10]}"


def kubernetes_job(resource_name: str, uid: str) -> str:
    """Name the one Kubernetes Job of an InferenceJob or TrainingJob (it labels its pods: 63 at most)."""
    return f"{resource_name[:50].rstrip('-.')}-{digest(uid)[:8]}"


def retry(inference_job_name: str, number: int) -> str:
    """Name the job that repeats another for the `number`th time in all (253 characters at most)."""
    whole = len(inference_job_name) <= 240
    short = f"{inference_job_name[:220].rstrip('-.')}-{digest(inference_job_name)[:8]}"
    return f"{inference_job_name if whole else short}-r{number}"


def label_value(name: str) -> str:
    """Return a name as a label's value: itself where it fits, else its start and a digest."""
    return name if len(name) <= 63 else f"{name[:50].rstrip('-.')}-{digest(name)[:8]}"


def credential(kubernetes_job_name: str) -> str:
    """Name the Secret that holds the credential of a Kubernetes Job."""
    return f"{kubernetes_job_name}-credential"


def derived_uid(*parts: str) -> str:
    """Return the DICOM UID that stands for these parts (PS3.5 B.2, 2.25 and a 128-bit number)."""
    return UID_ROOT + str(int(digest(*parts)[:32], 16))

"""A training that learns from the store: its first container, its credential, its numbers (pure)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from meninx.base.tokens import SEGMENTED, Claims
from meninx.controller.actions import ApplyCredential
from meninx.controller.job import begin, upkeep
from meninx.controller.job.container import CREDENTIAL, TOKEN_KEY, container, env, mount
from meninx.controller.job.steps import COLLECT, by_age, read_steps
from meninx.controller.settings import PodSettings
from meninx.controller.training.observed import Observed
from meninx.resources import names
from meninx.resources.trainingdata import CollectTask
from meninx.resources.trainingjob import DataStatus, TrainingJob

Manifest = dict[str, Any]

DATASET = "dataset"
"""Folder of the output that holds the pairs."""
LABEL_READS_STORE = "meninx.io/reads-store"
"""Pods that carry it may reach the store, where the chart's other trainings reach nothing."""
_RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "3Gi"}}


def pod_labels(job: TrainingJob) -> dict[str, str]:
    """Return the label that lets the pod reach the store, where it needs to."""
    return {LABEL_READS_STORE: "true"} if job.spec.data.store else {}


def containers(job: TrainingJob, settings: PodSettings, output: Manifest) -> list[Manifest]:
    """Return the container that makes the data set; none where it lies on a volume.

    `output` is the mount of the training's output. Only this container has the credential.
    """
    store = job.spec.data.store
    if store is None:
        return []
    task = CollectTask(
        namespace=job.metadata.namespace or "",
        job=job.metadata.name,
        job_uid=job.metadata.uid or "",
        data=store,
    )
    mounts = [output, mount("credential", CREDENTIAL, read_only=True)]
    variables = env(
        MENINX_TASK=task.model_dump_json(by_alias=True, exclude_none=True),
        MENINX_STORE_URL=settings.store_url,
        MENINX_TOKEN_FILE=f"{CREDENTIAL}/{TOKEN_KEY}",
        MENINX_DATA=f"{output['mountPath']}/{DATASET}",
    )
    made = container(COLLECT, settings.image, mounts, variables)
    return [{**made, "command": ["meninx", COLLECT], "resources": _RESOURCES}]


def volumes(job: TrainingJob, job_name: str) -> list[Manifest]:
    """Return the volumes that the container needs beside the output."""
    if job.spec.data.store is None:
        return []
    secret = {"secretName": names.credential(job_name), "defaultMode": 0o440}
    return [{"name": "credential", "secret": secret}, {"name": f"tmp-{COLLECT}", "emptyDir": {}}]


def credential(
    observed: Observed, job: TrainingJob, now: dt.datetime
) -> tuple[ApplyCredential, ...]:
    """Return the action that lets the training read segmented studies; none where it needs none."""
    if job.spec.data.store is None:
        return ()
    claims = Claims(
        namespace=job.metadata.namespace or "",
        job=job.metadata.name,
        job_uid=job.metadata.uid or "",
        study="",
        revision=0,
        expires=begin.expiry(observed.made_at or now, now),
        reads=SEGMENTED,
    )
    return (ApplyCredential(claims),)


def credential_due(
    observed: Observed, job: TrainingJob, now: dt.datetime
) -> tuple[ApplyCredential, ...]:
    """Return the credential where a pod that still makes the data set may lack one."""
    newest = observed.newest_pod
    done = newest is not None and read_steps(newest)[0].succeeded
    if done or not upkeep.may_lack(observed, now):
        return ()
    return credential(observed, job, now)


def numbers(pods: tuple[Manifest, ...]) -> dict[str, Any] | None:
    """Return what the newest pod that made a data set says of it; None where none has."""
    for pod in reversed(by_age(pods)):
        first = read_steps(pod)[0]
        if first.name == COLLECT and first.succeeded:
            return _numbers(first.said())
    return None


def _numbers(said: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        known = {key: said.get(key) for key in ("pairs", "broken", "passedOver")}
        return DataStatus.model_validate(known).manifest()
    except ValidationError:
        return None

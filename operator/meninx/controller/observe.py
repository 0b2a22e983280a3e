"""What the cache says now, as one frozen value for each decision: no call to the API server."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from meninx.controller.cache import Cache
from meninx.controller.job.chain import Chain, Obstacle, resolve
from meninx.controller.job.observed import Observed as ObservedJob
from meninx.controller.pipeline.decide import Observed as ObservedPipeline
from meninx.controller.queue.admission import Admission
from meninx.controller.training.observed import Observed as ObservedTraining
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, JOB, NODE, TRAININGJOB
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL, InferenceJobSpec
from meninx.resources.reasons import Reason

Manifest = dict[str, Any]
AdmissionOf = Callable[[str], Admission]

NOT_LOOKED_AT = Obstacle(Reason.BAD_SPEC, "")
"""The chain of a job whose decision does not ask for it."""


class Models(Mapping[str, Manifest]):
    """The AIModels of the cache by name, read as they are asked for."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getitem__(self, name: str) -> Manifest:
        """Return a model; KeyError where it does not exist."""
        found = self._cache.get(AIMODEL, name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._cache.versions(AIMODEL))

    def __len__(self) -> int:
        """Count the models."""
        return len(self._cache.versions(AIMODEL))


def chain_of(cache: Cache, spec: InferenceJobSpec, *, at_work: bool) -> Chain | Obstacle:
    """Resolve what a job names to the steps that are to run, or that run."""
    named = spec.pipeline_ref
    pipeline = cache.get(AIPIPELINE, named.name) if named else None
    return resolve(spec, Models(cache), pipeline, at_work=at_work)


def observe_job(cache: Cache, name: str, admission_of: AdmissionOf) -> ObservedJob | None:
    """Return an InferenceJob and all that its decision needs; None where it does not exist."""
    resource = cache.get(INFERENCEJOB, name)
    if resource is None:
        return None
    uid = resource["metadata"]["uid"]
    job_name = names.kubernetes_job(name, uid)
    job = cache.get(JOB, job_name)
    if (resource.get("status") or {}).get("phase") in TERMINAL:
        return ObservedJob(resource, NOT_LOOKED_AT, kubernetes_job=job)
    at_work = job is not None and not (job.get("spec") or {}).get("suspend")
    chain = _chain(cache, resource, at_work=at_work)
    return ObservedJob(resource, chain, job, cache.pods_of(job_name), admission_of(uid))


def _chain(cache: Cache, resource: Manifest, *, at_work: bool) -> Chain | Obstacle:
    try:
        spec = InferenceJobSpec.model_validate(resource.get("spec") or {})
    except ValidationError:
        return NOT_LOOKED_AT  # the decision says what is wrong
    return chain_of(cache, spec, at_work=at_work)


def observe_pipeline(cache: Cache, name: str) -> ObservedPipeline | None:
    """Return an AIPipeline with the models and nodes; None where it does not exist."""
    resource = cache.get(AIPIPELINE, name)
    if resource is None:
        return None
    return ObservedPipeline(resource, Models(cache), tuple(cache.all(NODE)))


def observe_training(
    cache: Cache, name: str, admission_of: AdmissionOf, progress: Mapping[str, Any] | None
) -> ObservedTraining | None:
    """Return a TrainingJob and all that its decision needs; None where it does not exist."""
    resource = cache.get(TRAININGJOB, name)
    if resource is None:
        return None
    uid = resource["metadata"]["uid"]
    job_name = names.kubernetes_job(name, uid)
    return ObservedTraining(
        resource,
        kubernetes_job=cache.get(JOB, job_name),
        pods=cache.pods_of(job_name),
        admission=admission_of(uid),
        progress=progress,
        models=Models(cache),
    )

"""One look at one key: observe, decide, apply. Runs in a thread; may raise, then it is repeated."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from meninx.base.clock import Clock
from meninx.base.errors import BadInput, MeninxError, Unauthorised
from meninx.base.logs import Log
from meninx.controller.actions import (
    Action,
    ApplyCredential,
    CreateJob,
    Decision,
    Emit,
    WriteStatus,
)
from meninx.controller.apply import Applier
from meninx.controller.job import decide as job
from meninx.controller.job.observed import Observed
from meninx.controller.job.steps import moment
from meninx.controller.keys import SWEEP, Key
from meninx.controller.metrics import Metrics
from meninx.controller.model import decide as model
from meninx.controller.observe import observe_job, observe_model
from meninx.controller.settings import Settings
from meninx.controller.worker import Outcome
from meninx.kube.client import Api
from meninx.kube.kinds import AIMODEL, INFERENCEJOB
from meninx.resources.inferencejob import TERMINAL

log = Log(__name__)


class Reconciler:
    """Looks at keys of the namespace that the operator serves."""

    def __init__(self, api: Api, settings: Settings, clock: Clock, metrics: Metrics) -> None:
        self._api = api
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._jobs = Applier(api, INFERENCEJOB, settings.signing_key)
        self._models = Applier(api, AIMODEL)
        self._swept = False

    def __call__(self, key: Key) -> Outcome:
        """Look at one key and do what is to be done."""
        if key.kind == SWEEP:
            return self._sweep()
        if key.kind == AIMODEL.kind:
            return self._model(key)
        return self._job(key)

    def _sweep(self) -> Outcome:
        namespace = self._settings.namespace
        models = self._api.list(AIMODEL, namespace)
        jobs = self._api.list(INFERENCEJOB, namespace)
        self._metrics.census.reset(jobs)
        due = jobs if not self._swept else living(jobs, self._clock.now())
        self._swept = True
        return Outcome(keys=tuple(key_of(item) for item in (*models, *due)))

    def _model(self, key: Key) -> Outcome:
        observed = observe_model(self._api, key.namespace, key.name)
        if observed is None:
            return Outcome()
        product = self._settings.pods.gpu_product
        decision = model.decide(observed, self._clock.now(), product)
        self._do(self._models, dict(observed.resource), decision)
        return Outcome(decision.look_again_seconds)

    def _job(self, key: Key) -> Outcome:
        observed = observe_job(self._api, key.namespace, key.name)
        if observed is None:
            return Outcome()
        decision = job.decide(observed, self._clock.now(), self._settings.pods)
        try:
            self._do(self._jobs, observed.resource, decision)
        except (BadInput, Unauthorised) as error:
            self._refused(observed, decision, error)
            raise
        return Outcome(decision.look_again_seconds)

    def _refused(self, observed: Observed, decision: Decision, error: MeninxError) -> None:
        """Say on the job that the API server would not take its Kubernetes Job."""
        if any(isinstance(action, CreateJob) for action in decision.actions):
            refusal = job.refused(observed, str(error), self._clock.now())
            self._do(self._jobs, observed.resource, refusal)

    def _do(self, applier: Applier, resource: dict[str, Any], decision: Decision) -> None:
        for action in decision.actions:
            applier.do(resource, action)
            if isinstance(action, WriteStatus) and resource["kind"] == INFERENCEJOB.kind:
                self._metrics.transition(resource, action.status, None)
            say = log.debug if isinstance(action, ApplyCredential) else log.info
            say(
                type(action).__name__,
                kind=resource["kind"],
                name=resource["metadata"]["name"],
                **_facts(action),
            )


def _facts(action: Action) -> dict[str, str]:
    if isinstance(action, WriteStatus):
        return {"phase": str(action.status.get("phase", ""))}
    return {"reason": action.reason} if isinstance(action, Emit) else {}


def key_of(resource: Mapping[str, Any]) -> Key:
    """Return the key of one of our resources."""
    metadata = resource["metadata"]
    return Key(str(resource["kind"]), str(metadata["namespace"]), str(metadata["name"]))


def living(jobs: Sequence[Mapping[str, Any]], now: dt.datetime) -> list[Mapping[str, Any]]:
    """Return the jobs that need a look: those not finished, and those whose time to live is over."""
    return [item for item in jobs if not _finished(item) or _over(item, now)]


def _finished(resource: Mapping[str, Any]) -> bool:
    return (resource.get("status") or {}).get("phase") in TERMINAL


def _over(resource: Mapping[str, Any], now: dt.datetime) -> bool:
    ttl = (resource.get("spec") or {}).get("ttlSecondsAfterFinished")
    finished = moment((resource.get("status") or {}).get("finishedAt"))
    if ttl is None or finished is None:
        return False
    return (now - finished).total_seconds() >= float(ttl)

"""One look at one key: observe, decide, apply. Runs in a thread; may raise, then it is repeated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from meninx.base.clock import Clock
from meninx.base.errors import BadInput, MeninxError, Unauthorised
from meninx.base.logs import Log
from meninx.controller.actions import (
    Action,
    ApplyCredential,
    CreateJob,
    Decision,
    Emit,
    SetInUse,
    WriteStatus,
    touched,
)
from meninx.controller.apply import Applier
from meninx.controller.cache import Cache
from meninx.controller.job import decide as job
from meninx.controller.job.chain import Chain, Obstacle
from meninx.controller.keys import QUEUE, SWEEP, Key
from meninx.controller.metrics import Metrics
from meninx.controller.model import decide as model
from meninx.controller.model.desk import Desk
from meninx.controller.observe import AdmissionOf, observe_job, observe_pipeline, observe_training
from meninx.controller.pipeline import decide as pipeline
from meninx.controller.podless import Podless
from meninx.controller.queue.admission import GRANTED
from meninx.controller.settings import Settings
from meninx.controller.training import decide as training
from meninx.controller.training.watch import ProgressWatch
from meninx.controller.turns import Turns
from meninx.controller.worker import Outcome
from meninx.controller.writes import SeenWrites
from meninx.kube.client import Api
from meninx.kube.kinds import AIMODEL, AIPIPELINE, INFERENCEJOB, TRAININGJOB
from meninx.resources import names
from meninx.resources.inferencejob import TERMINAL
from meninx.resources.trainingjob import ENDED

log = Log(__name__)
Word = TypeVar("Word")
"""What says a refusal: of a job, or of a training."""


class Reconciler:
    """Looks at keys of the namespace that the operator serves."""

    def __init__(
        self,
        api: Api,
        cache: Cache,
        settings: Settings,
        *,
        clock: Clock,
        metrics: Metrics,
        turns: Turns | None = None,
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._turns = turns
        self._admission_of: AdmissionOf = turns.admission if turns else lambda _: GRANTED
        writes = SeenWrites(api, cache)
        self._jobs = Applier(writes, INFERENCEJOB, settings.signing_key)
        self._models = Applier(writes, AIMODEL)
        self._pipelines = Applier(writes, AIPIPELINE)
        self._trainings = Applier(writes, TRAININGJOB, settings.signing_key)
        self.progress = ProgressWatch(clock)
        self.podless = Podless(clock)
        self._desk = Desk(cache, api, settings.namespace, clock)
        self._desk.listen()
        self._swept = False
        self._looks: dict[str, Callable[[Key], Outcome]] = {
            SWEEP: lambda _: self._sweep(),
            QUEUE: lambda _: self._queue(),
            AIMODEL.kind: self._model,
            AIPIPELINE.kind: self._pipeline,
            INFERENCEJOB.kind: self._job,
            TRAININGJOB.kind: self._training,
        }

    def __call__(self, key: Key) -> Outcome:
        """Look at one key and do what is to be done."""
        look = self._looks.get(key.kind)
        return Outcome() if look is None else look(key)

    def _sweep(self) -> Outcome:
        """Ask for a look at all models, pipelines and trainings, at all living jobs, at first at ended ones too."""
        living, waiting = self._cache.living(), self._cache.waiting()
        ended = () if self._swept else set(self._cache.versions(INFERENCEJOB)).difference(living)
        self._swept = True
        namespace = self._settings.namespace
        keys = [
            Key(kind.kind, namespace, name)
            for kind in (AIMODEL, AIPIPELINE, TRAININGJOB)
            for name in self._cache.versions(kind)
        ]
        keys += [Key(INFERENCEJOB.kind, namespace, name) for name in living if name not in waiting]
        behind = [Key(INFERENCEJOB.kind, namespace, name) for name in (*waiting, *ended)]
        return Outcome(keys=(Key(QUEUE), *keys), behind=tuple(behind))

    def _queue(self) -> Outcome:
        if self._turns is None:
            return Outcome()
        keys = self._turns.recompute(self._clock.now())
        return Outcome(self._turns.look_again_seconds, keys)

    def _model(self, key: Key) -> Outcome:
        observed = self._desk.observe(key.name)
        if observed is None:
            return Outcome()
        product = self._settings.pods.gpu_product
        decision = model.decide(observed, self._clock.now(), product)
        self._do(self._models, dict(observed.resource), decision)
        if any(isinstance(action, WriteStatus) for action in decision.actions):
            self._desk.wrote(key.name)
        return Outcome(decision.look_again_seconds)

    def _pipeline(self, key: Key) -> Outcome:
        observed = observe_pipeline(self._cache, key.name)
        if observed is None:
            return Outcome()
        product = self._settings.pods.gpu_product
        decision = pipeline.decide(observed, self._clock.now(), product)
        self._do(self._pipelines, dict(observed.resource), decision)
        return Outcome(decision.look_again_seconds)

    def _job(self, key: Key) -> Outcome:
        observed = observe_job(self._cache, key.name, self._admission_of)
        if observed is None:
            self.podless.forget(key)
            return Outcome(keys=self._desk.stirred())
        observed = replace(observed, pod_refused=self.podless.why(key, observed))
        self._desk.looked(key.name, observed.pods)
        decision = job.decide(observed, self._clock.now(), self._settings.pods)
        try:
            self._do(self._jobs, observed.resource, decision, observed.chain)
        except MeninxError as error:
            say = _word_for(error, decision, job.refused, job.not_taken)
            if say is not None:
                told = say(observed, str(error), self._clock.now())
                self._do(self._jobs, observed.resource, told)
            raise
        again = 0.0 if _ends(decision) else decision.look_again_seconds
        return Outcome(again, keys=self._desk.stirred())

    def _training(self, key: Key) -> Outcome:
        resource = self._cache.get(TRAININGJOB, key.name)
        if resource is None or (resource.get("status") or {}).get("phase") in ENDED:
            self.progress.forget(key.name)
        if resource is None:
            self.podless.forget(key)
            return Outcome()
        job_name = names.kubernetes_job(key.name, resource["metadata"]["uid"])
        progress = self.progress.progress(key.name, self._cache.pods_of(job_name))
        observed = observe_training(self._cache, key.name, self._admission_of, progress)
        if observed is None:
            return Outcome()
        observed = replace(observed, pod_refused=self.podless.why(key, observed))
        decision = training.decide(observed, self._clock.now(), self._settings.pods)
        try:
            self._do(self._trainings, observed.resource, decision)
        except MeninxError as error:
            say = _word_for(error, decision, training.refused, training.not_taken)
            if say is not None:
                told = say(observed, str(error), self._clock.now())
                self._do(self._trainings, observed.resource, told)
            raise
        # The echo of our own write brings no look: a new version must not wait for the sweep.
        models = (Key(AIMODEL.kind, key.namespace, name) for name in touched(decision))
        return Outcome(decision.look_again_seconds, tuple(models))

    def release(self) -> None:
        """Hold no model's deletion back any more: nobody would let it go while we are away."""
        for model_ in self._cache.all(AIMODEL):
            if names.FINALIZER_IN_USE in (model_["metadata"].get("finalizers") or ()):
                self._models.do(model_, SetInUse(False))

    def _do(
        self,
        applier: Applier,
        resource: dict[str, Any],
        decision: Decision,
        chain: Chain | Obstacle | None = None,
    ) -> None:
        known = chain if isinstance(chain, Chain) else None
        for action in decision.actions:
            applier.do(resource, action)
            if isinstance(action, WriteStatus) and resource["kind"] == INFERENCEJOB.kind:
                self._metrics.transition(resource, action.status, known)
            say = log.debug if isinstance(action, ApplyCredential) else log.info
            say(
                type(action).__name__,
                kind=resource["kind"],
                name=resource["metadata"]["name"],
                **_facts(action),
            )


def _word_for(
    error: MeninxError, decision: Decision, refused: Word, not_taken: Word
) -> Word | None:
    """Return what to say where the API server takes no Kubernetes Job; None of what soon passes."""
    if not any(isinstance(action, CreateJob) for action in decision.actions):
        return None
    if isinstance(error, BadInput | Unauthorised):
        return refused
    return not_taken if "failed calling webhook" in str(error) else None


def _ends(decision: Decision) -> bool:
    """Tell whether a job ends by this: what comes after its end is another look's to decide."""
    written = [action for action in decision.actions if isinstance(action, WriteStatus)]
    return any(action.status.get("phase") in TERMINAL for action in written)


def _facts(action: Action) -> dict[str, str]:
    if isinstance(action, WriteStatus):
        return {"phase": str(action.status.get("phase", ""))}
    return {"reason": action.reason} if isinstance(action, Emit) else {}

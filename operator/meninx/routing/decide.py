"""Study, routes and models to the jobs wanted and the refusals (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meninx.imaging.match import Problem, judge
from meninx.imaging.select import Chosen, NotChosen, choose_all
from meninx.imaging.stack import Finding
from meninx.imaging.study import Study
from meninx.kube.kinds import INFERENCEJOB
from meninx.resources import names
from meninx.resources.aimodel import AIModelSpec, Channel
from meninx.resources.inferencejob import ChannelInput, InferenceJobSpec, JobInput
from meninx.resources.reasons import Reason
from meninx.resources.studyroute import StudyRouteSpec
from meninx.routing.complete import Broken, whole

_MENDED_BY_A_PERSON = frozenset(
    {
        Reason.UNKNOWN_ATTRIBUTE,
        Reason.BAD_EXPRESSION,
        Reason.BAD_SPEC,
        Reason.MODEL_NOT_FOUND,
    }
)


@dataclass(frozen=True)
class Route:
    """A route by its name, with what is wrong with it."""

    name: str
    spec: StudyRouteSpec
    problem: Problem | None = None


@dataclass(frozen=True)
class Wanted:
    """One InferenceJob that a route wants."""

    route: str
    name: str
    spec: InferenceJobSpec
    chosen: tuple[Chosen, ...]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is to be said of the chosen series although they can be used."""
        return tuple(finding for choice in self.chosen for finding in choice.stack.warnings)

    def manifest(self, namespace: str) -> dict[str, Any]:
        """Return the job as it is applied, with the labels that it is found by."""
        labels = {
            names.LABEL_MANAGED: names.MANAGED_BY,
            names.LABEL_MODEL: names.label_value(self.spec.work),
            names.LABEL_ROUTE: names.label_value(self.route),
            names.LABEL_STUDY: self.spec.input.study or "",
        }
        return {
            "apiVersion": INFERENCEJOB.api_version,
            "kind": INFERENCEJOB.kind,
            "metadata": {"name": self.name, "namespace": namespace, "labels": labels},
            "spec": self.spec.manifest(),
        }


@dataclass(frozen=True)
class Refused:
    """A study that a route matched but that can't be used, and why."""

    route: str
    revision: int
    reason: Reason
    message: str


@dataclass(frozen=True)
class Decision:
    """What becomes of a study; both empty where no route matches."""

    jobs: tuple[Wanted, ...] = ()
    refusals: tuple[Refused, ...] = ()
    suspended: tuple[str, ...] = ()
    """Routes that match but are held back by a person."""

    @property
    def waits_for_a_person(self) -> bool:
        """Whether another route or model, not another image, could change what becomes of it."""
        return bool(self.suspended) or any(
            one.reason in _MENDED_BY_A_PERSON for one in self.refusals
        )


def decide(study: Study, routes: Sequence[Route], models: Mapping[str, AIModelSpec]) -> Decision:
    """Return the jobs and refusals of every route that matches; suspended routes make nothing.

    A route that is wrong refuses every study: nothing is dropped without a word.
    """
    jobs: list[Wanted] = []
    refusals: list[Refused] = []
    suspended: list[str] = []
    for route in routes:
        if not (route.problem or matches(study, route.spec)):
            continue
        if route.spec.suspend:
            suspended.append(route.name)
            continue
        outcome = _outcome(study, route, models.get(route.spec.model_ref.name))
        if isinstance(outcome, Wanted):
            jobs.append(outcome)
        else:
            refusals.append(outcome)
    return Decision(tuple(jobs), tuple(refusals), tuple(suspended))


def matches(study: Study, route: StudyRouteSpec) -> bool:
    """Tell whether at least one series of the study fulfils the route's conditions."""
    return any(judge(route.match, series.facts).holds for series in study.series)


def missing(route: StudyRouteSpec) -> str:
    """Say that a route's model is not there."""
    return f"AIModel {route.model_ref.name} does not exist or can't be read"


def channels_of(model: AIModelSpec, route: StudyRouteSpec) -> list[Channel]:
    """Return the model's channels, with the selectors that the route replaces."""
    replaced = {channel.name: channel.selector for channel in route.channels}
    return [
        channel.model_copy(update={"selector": replaced.get(channel.name, channel.selector)})
        for channel in model.channels
    ]


def _outcome(study: Study, route: Route, model: AIModelSpec | None) -> Wanted | Refused:
    if route.problem is not None:
        return Refused(route.name, study.revision, route.problem.reason, route.problem.message)
    if study.has_patient_conflict:
        message = f"{len(study.patients)} patient IDs and {len(study.issuers)} issuers in one study"
        return Refused(route.name, study.revision, Reason.PATIENT_CONFLICT, message)
    if model is None:
        return Refused(route.name, study.revision, Reason.MODEL_NOT_FOUND, missing(route.spec))
    selection = choose_all(channels_of(model, route.spec), study.series)
    state = whole(selection)
    if isinstance(state, Broken):
        return _refused(study, route, state.reasons)
    return _wanted(study, route, model, selection.chosen)


def _refused(study: Study, route: Route, broken: Sequence[NotChosen]) -> Refused:
    message = "; ".join(f"channel {one.channel}: {one.message}" for one in broken)
    damaged = broken[0].series
    revision = damaged.revision if damaged else study.revision
    return Refused(route.name, revision, broken[0].reason, message)


def _wanted(study: Study, route: Route, model: AIModelSpec, chosen: tuple[Chosen, ...]) -> Wanted:
    """Name the job by the newest image of its own series: others arriving later change nothing."""
    revision = max(choice.series.revision for choice in chosen)
    pairs = [f"{one.channel}={one.series.series}/{one.volume}" for one in chosen]
    model_name = route.spec.model_ref.name
    name = names.inference_job(
        route.name, model_name, model.version, study.study, [str(revision), *pairs]
    )
    inputs = [
        ChannelInput(name=one.channel, series=one.series.series, volume=one.volume)
        for one in chosen
    ]
    template = route.spec.template
    spec = InferenceJobSpec(
        input=JobInput(study=study.study, revision=revision, channels=inputs),
        model_ref=route.spec.model_ref,
        destinations=route.spec.destinations,
        priority=template.priority,
        retries=template.retries,
        ttl_seconds_after_finished=template.ttl_seconds_after_finished,
    )
    return Wanted(route.name, name, spec, chosen)

"""Study, routes, models and pipelines to the jobs wanted and the refusals (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from meninx.imaging.match import Problem, judge
from meninx.imaging.select import Chosen, NotChosen, choose_all
from meninx.imaging.stack import Finding
from meninx.imaging.study import Study
from meninx.kube.kinds import INFERENCEJOB
from meninx.resources import names
from meninx.resources.aimodel import Channel
from meninx.resources.inferencejob import ChannelInput, InferenceJobSpec, JobInput
from meninx.resources.reasons import Reason
from meninx.resources.studyroute import StudyRouteSpec
from meninx.routing.complete import Broken, whole
from meninx.routing.work import CurrentVersion, Work, Works, key_of, model_of, title_of

_MENDED_BY_A_PERSON = frozenset(
    {
        Reason.UNKNOWN_ATTRIBUTE,
        Reason.BAD_EXPRESSION,
        Reason.BAD_SPEC,
        Reason.MODEL_NOT_FOUND,
        Reason.PIPELINE_NOT_FOUND,
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


def decide(study: Study, routes: Sequence[Route], works: Works) -> Decision:
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
        outcome = _outcome(study, route, works.get(key_of(route.spec)))
        if isinstance(outcome, Wanted):
            jobs.append(outcome)
        else:
            refusals.append(outcome)
    return Decision(tuple(jobs), tuple(refusals), tuple(suspended))


def matches(study: Study, route: StudyRouteSpec) -> bool:
    """Tell whether at least one series of the study fulfils the route's conditions."""
    return any(judge(route.match, series.facts).holds for series in study.series)


def missing(route: StudyRouteSpec) -> Problem:
    """Say that a route's model or pipeline is not there."""
    if route.pipeline_ref is None:
        message = f"{title_of(route)}, or its current version, does not exist or can't be read"
        return Problem(Reason.MODEL_NOT_FOUND, message)
    message = f"{title_of(route)}, or a model of its steps, does not exist or can't be read"
    return Problem(Reason.PIPELINE_NOT_FOUND, message)


def channels_of(work: Work, route: StudyRouteSpec) -> list[Channel]:
    """Return the channels of what is run, with the selectors that the route replaces."""
    replaced = {channel.name: channel.selector for channel in route.channels}
    return [
        channel.model_copy(update={"selector": replaced.get(channel.name, channel.selector)})
        for channel in work.channels
    ]


def _outcome(study: Study, route: Route, work: Work | None) -> Wanted | Refused:
    if route.problem is not None:
        return Refused(route.name, study.revision, route.problem.reason, route.problem.message)
    if study.has_patient_conflict:
        message = f"{len(study.patients)} patient IDs and {len(study.issuers)} issuers in one study"
        return Refused(route.name, study.revision, Reason.PATIENT_CONFLICT, message)
    if work is None:
        absent = missing(route.spec)
        return Refused(route.name, study.revision, absent.reason, absent.message)
    selection = choose_all(channels_of(work, route.spec), study.series)
    state = whole(selection)
    if isinstance(state, Broken):
        return _refused(study, route, state.reasons)
    return _wanted(study, route, work, selection.chosen)


def _refused(study: Study, route: Route, broken: Sequence[NotChosen]) -> Refused:
    message = "; ".join(f"channel {one.channel}: {one.message}" for one in broken)
    damaged = broken[0].series
    revision = damaged.revision if damaged else study.revision
    return Refused(route.name, revision, broken[0].reason, message)


def _wanted(study: Study, route: Route, work: Work, chosen: tuple[Chosen, ...]) -> Wanted:
    """Name the job by the newest image of its own series: others arriving later change nothing."""
    revision = max(choice.series.revision for choice in chosen)
    pairs = [f"{one.channel}={one.series.series}/{one.volume}" for one in chosen]
    key = work.model if isinstance(work, CurrentVersion) else key_of(route.spec)
    name = names.inference_job(route.name, key, work.version, study.study, [str(revision), *pairs])
    inputs = [
        ChannelInput(name=one.channel, series=one.series.series, volume=one.volume)
        for one in chosen
    ]
    template = route.spec.template
    spec = InferenceJobSpec(
        input=JobInput(study=study.study, revision=revision, channels=inputs),
        model_ref=model_of(work, route.spec.model_ref),
        pipeline_ref=route.spec.pipeline_ref,
        destinations=route.spec.destinations,
        priority=template.priority,
        retries=template.retries,
        ttl_seconds_after_finished=template.ttl_seconds_after_finished,
    )
    return Wanted(route.name, name, spec, chosen)

"""The routes and models of a namespace as the API server holds them, and which routes are usable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from meninx.imaging.match import Problem, find_problems, problems
from meninx.kube.client import Api
from meninx.kube.conditions import NewCondition
from meninx.kube.kinds import AIMODEL, AIPIPELINE, STUDYROUTE
from meninx.resources import names
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.aipipeline import AIPipelineSpec
from meninx.resources.predicates import SeriesSelector
from meninx.resources.reasons import MEANINGS, Reason
from meninx.resources.studyroute import StudyRouteSpec
from meninx.routing.decide import Route, channels_of, missing
from meninx.routing.work import (
    CurrentVersion,
    Work,
    Works,
    current_versions,
    key_of,
    pipeline_key,
    pipeline_work,
    title_of,
)

VALID = "Valid"


@dataclass(frozen=True)
class Entry:
    """One StudyRoute: its manifest, and the route or what is wrong with it."""

    manifest: dict[str, Any]
    route: Route | None
    problem: Problem | None

    @property
    def condition(self) -> NewCondition:
        """The Valid condition that the route should carry."""
        if self.problem is None:
            return NewCondition(VALID, "True", Reason.VALID, MEANINGS[Reason.VALID].sentence)
        return NewCondition(VALID, "False", self.problem.reason, self.problem.message)


@dataclass(frozen=True)
class Catalogue:
    """All routes, and the models and pipelines that can be read."""

    entries: tuple[Entry, ...]
    works: Works

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes whose spec can be read."""
        return tuple(entry.route for entry in self.entries if entry.route is not None)

    @property
    def fingerprint(self) -> str:
        """A digest that changes when a route or model is added, changed or removed."""
        routes = (
            names.digest(e.manifest["metadata"]["name"], str(e.manifest.get("spec")))
            for e in self.entries
        )
        works = (
            names.digest(key, *_versions(work), *(one.model_dump_json() for one in work.channels))
            for key, work in self.works.items()
        )
        return names.digest(*sorted(routes), *sorted(works))

    def quiet_seconds(self, default: float) -> float:
        """Return the longest quiet time that a route in use asks for."""
        asked = [one.spec.completeness.quiet_seconds for one in self.routes if not one.spec.suspend]
        return max(asked, default=default)


def _versions(work: Work) -> tuple[str, ...]:
    named = (work.model,) if isinstance(work, CurrentVersion) else ()
    return (work.version, *named)


def read_catalogue(api: Api, namespace: str) -> Catalogue:
    """Read all routes, models and pipelines of a namespace."""
    models = dict(_models(api.list(AIMODEL, namespace)))
    works: Works = {
        **current_versions(models),
        **dict(_pipelines(api.list(AIPIPELINE, namespace), models)),
    }
    manifests = api.list(STUDYROUTE, namespace)
    return Catalogue(tuple(entry_of(manifest, works) for manifest in manifests), works)


def _models(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, AIModelSpec]]:
    for manifest in manifests:
        try:
            spec = AIModelSpec.model_validate(manifest.get("spec", {}))
        except ValidationError:
            continue  # the operator says so on the model; to a route it does not exist
        yield manifest["metadata"]["name"], spec


def _pipelines(
    manifests: list[dict[str, Any]], models: Mapping[str, AIModelSpec]
) -> Iterator[tuple[str, Work]]:
    for manifest in manifests:
        try:
            spec = AIPipelineSpec.model_validate(manifest.get("spec", {}))
        except ValidationError:
            continue  # as with models
        work = pipeline_work(spec, models)
        if work is not None:
            yield pipeline_key(manifest["metadata"]["name"]), work


def entry_of(manifest: dict[str, Any], works: Works) -> Entry:
    """Return a route with the first thing that is wrong with it."""
    try:
        spec = StudyRouteSpec.model_validate(manifest.get("spec", {}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        return Entry(manifest, None, Problem(Reason.BAD_SPEC, f"spec.{place}: {first['msg']}"))
    problem = next(_wrong(spec, works), None)
    # a study can still be told apart where only the model or pipeline is missing
    usable = problem is None or problem == missing(spec)
    route = Route(manifest["metadata"]["name"], spec, None if usable else problem)
    return Entry(manifest, route, problem)


def _wrong(route: StudyRouteSpec, works: Works) -> Iterator[Problem]:
    if (route.model_ref is None) == (route.pipeline_ref is None):
        yield Problem(Reason.BAD_SPEC, "a route needs exactly one of modelRef, pipelineRef")
    yield from problems(route.match)
    for own in route.channels:
        yield from _wrong_selector(f"channel {own.name}", own.selector)
    work = works.get(key_of(route))
    if work is None:
        yield missing(route)
        return
    title = title_of(route)
    for channel in channels_of(work, route):
        yield from _wrong_selector(f"{title}, channel {channel.name}", channel.selector)
    unknown = {one.name for one in route.channels} - {one.name for one in work.channels}
    if unknown:
        message = f"{title} has no channel {', '.join(sorted(unknown))}"
        yield Problem(Reason.BAD_SPEC, message)


def _wrong_selector(owner: str, selector: SeriesSelector) -> Iterator[Problem]:
    found = (*problems(selector.require), *find_problems(wish.when for wish in selector.prefer))
    for problem in found:
        yield Problem(problem.reason, f"{owner}: {problem.message}")

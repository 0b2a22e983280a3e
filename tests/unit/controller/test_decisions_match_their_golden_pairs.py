import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support import golden
from tests.support.make import aimodel, aipipeline, inferencejob
from tests.support.workload import (
    MADE,
    RESOURCE_UID,
    deleted,
    ended,
    kubernetes_job,
    pod,
    running,
    scheduled,
    unschedulable,
    waiting,
)

from meninx.base.clock import from_rfc3339
from meninx.controller.actions import Action, ApplyCredential, CreateJob, Decision
from meninx.controller.job.chain import Chain, Obstacle, resolve
from meninx.controller.job.decide import decide
from meninx.controller.job.observed import Observed
from meninx.controller.queue.admission import Admission
from meninx.controller.settings import PodSettings
from meninx.resources.inferencejob import InferenceJobSpec
from meninx.resources.reasons import Reason

FOLDER = Path(__file__).with_name("golden")
SETTINGS = PodSettings(image="meninx", store_url="http://store")
CONDITIONS = {"unschedulable": unschedulable, "scheduled": scheduled}


def _container(words: str) -> dict[str, Any]:
    state, name, *more = words.split()
    if state == "skipped":
        return ended(name, message='{"skipped": true}')
    if state == "ended":
        return ended(name, int(more[0]) if more else 0)
    return running(name) if state == "running" else waiting(name, *more)


def _pod(given: dict[str, Any]) -> dict[str, Any]:
    containers = [_container(words) for words in given.pop("containers", [])]
    said = given.pop("conditions", ["scheduled"])
    names = given.pop("steps", ["fetch", "model", "deliver"])
    since = given.pop("deleted", None)
    conditions = [CONDITIONS[word]() for word in said]
    shown = pod(*containers, conditions=conditions, containers=names, **given)
    return deleted(shown, since) if since else shown


def observed(given: dict[str, Any]) -> Observed:
    """Build what is observed from the short form of the golden files."""
    metadata = {"uid": RESOURCE_UID, "generation": 1} | given.get("metadata", {})
    job = given.get("job")
    resource = inferencejob(metadata=metadata, status=given.get("status"), **given.get("spec", {}))
    return Observed(
        resource=resource,
        chain=_chain(resource, given),
        kubernetes_job=None if job is None else _job(job),
        pods=tuple(_pod(item) for item in given.get("pods", [])),
        admission=_admission(given.get("admission", {"granted": True, "reason": "Admitted"})),
        pod_refused=given.get("podRefused", ""),
    )


def _job(given: dict[str, Any]) -> dict[str, Any]:
    made = kubernetes_job(*given.get("has", []), spec=given.get("spec"))
    marks = {"labels": given.get("labels"), "deletionTimestamp": given.get("deleted")}
    made["status"] |= given.get("status", {})
    made["metadata"] |= {key: value for key, value in marks.items() if value is not None}
    return made


def _chain(resource: dict[str, Any], given: dict[str, Any]) -> Chain | Obstacle:
    """Resolve the job's work from the models and the pipeline of the case."""
    try:
        spec = InferenceJobSpec.model_validate(resource["spec"])
    except ValidationError:
        return Obstacle(Reason.BAD_SPEC, "")
    model, pipeline = given.get("model"), given.get("pipeline")
    models = given.get("models", {} if model is None else {"unet-meningioma": model})
    made = {name: aimodel(name, **fields) for name, fields in models.items()}
    return resolve(spec, made, None if pipeline is None else aipipeline(**pipeline))


def _admission(given: dict[str, Any]) -> Admission:
    ahead = tuple(given.get("ahead", ()))
    return Admission(**{**given, "reason": Reason(given["reason"]), "ahead": ahead})


def _short(action: Action) -> dict[str, Any]:
    """Show an action; whole manifests of Jobs have a test of their own."""
    name = type(action).__name__
    if isinstance(action, CreateJob):
        spec = action.manifest["spec"]
        made = {"name": action.manifest["metadata"]["name"], "backoffLimit": spec["backoffLimit"]}
        return {name: made}
    if isinstance(action, ApplyCredential):
        expires = dt.datetime.fromtimestamp(action.claims.expires, dt.UTC).isoformat()
        return {name: {"study": action.claims.study, "expires": expires}}
    return {name: {key: _plain(value) for key, value in vars(action).items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    now = from_rfc3339(given.pop("now", MADE))
    decision: Decision = decide(observed(given), now, SETTINGS)
    return {
        "actions": [_short(action) for action in decision.actions],
        "lookAgainSeconds": decision.look_again_seconds,
    }


@pytest.mark.parametrize("case", golden.cases(FOLDER))
def test_decision_is_the_one_on_paper(case: str) -> None:
    golden.hold(FOLDER, case, _answer)


def test_every_case_has_both_of_its_files() -> None:
    outs = {path.name.removesuffix(".out.yaml") for path in FOLDER.glob("*.out.yaml")}
    assert outs == set(golden.cases(FOLDER))

from pathlib import Path
from typing import Any

import pytest
from tests.support import golden
from tests.support.make import trainingjob
from tests.support.trainings import line, message, model, quality, train_job, train_pod
from tests.support.workload import MADE, RESOURCE_UID, deleted, scheduled, unschedulable

from meninx.base.clock import from_rfc3339
from meninx.base.tokens import Claims
from meninx.controller.actions import Action, ApplyModel, CreateJob
from meninx.controller.queue.admission import Admission
from meninx.controller.settings import PodSettings
from meninx.controller.training.decide import decide
from meninx.controller.training.observed import Observed
from meninx.controller.training.register import ANNOTATION_UID
from meninx.controller.training.result import progress_of
from meninx.resources.reasons import Reason

FOLDER = Path(__file__).with_name("golden")
SETTINGS = PodSettings(image="meninx", store_url="http://store")
CONDITIONS = {"unschedulable": unschedulable, "scheduled": scheduled}


def _pod(given: dict[str, Any]) -> dict[str, Any]:
    said = given.pop("said", {})
    text = said if isinstance(said, str) else message(**said)
    conditions = [CONDITIONS[word]() for word in given.pop("conditions", ["scheduled"])]
    since = given.pop("deleted", None)
    words = given.pop("train")
    made = train_pod(words, said=text if words == "ended" else "", conditions=conditions, **given)
    return deleted(made, since) if since else made


def _models(given: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for name, fields in given.items():
        measured = fields.pop("quality", None)
        by = fields.pop("madeBy", None)
        made[name] = model(name, None if measured is None else quality(**measured), **fields)
        made[name]["metadata"]["annotations"] = {ANNOTATION_UID: by} if by else {}
    return made


def _job(given: dict[str, Any]) -> dict[str, Any]:
    made = train_job(*given.get("has", []), spec=given.get("spec"))
    made["status"] |= given.get("status", {})
    if given.get("deleted"):
        made["metadata"]["deletionTimestamp"] = given["deleted"]
    return made


def observed(given: dict[str, Any]) -> Observed:
    """Build what is observed from the short form of the golden files."""
    metadata = {"uid": RESOURCE_UID, "generation": 1, "creationTimestamp": MADE}
    job, log = given.get("job"), given.get("log")
    admission = given.get("admission", {"granted": True, "reason": "Admitted"})
    return Observed(
        resource=trainingjob(
            metadata=metadata | given.get("metadata", {}),
            status=given.get("status"),
            **given.get("spec", {}),
        ),
        kubernetes_job=None if job is None else _job(job),
        pods=tuple(_pod(item) for item in given.get("pods", [])),
        admission=Admission(**{**admission, "reason": Reason(admission["reason"])}),
        pod_refused=given.get("podRefused", ""),
        progress=progress_of(line(**log)) if log else None,
        models=_models(given.get("models", {"unet-meningioma": {}})),
    )


def _short(action: Action) -> dict[str, Any]:
    """Show an action; whole manifests have a test of their own."""
    name = type(action).__name__
    if isinstance(action, CreateJob):
        spec = action.manifest["spec"]
        made = {"name": action.manifest["metadata"]["name"], "backoffLimit": spec["backoffLimit"]}
        return {name: made}
    if isinstance(action, ApplyModel):
        spec = action.manifest["spec"]
        shown = {key: spec[key] for key in ("version", "weights", "versionOf")}
        return {name: {"name": action.manifest["metadata"]["name"], **shown}}
    return {name: {key: _plain(value) for key, value in vars(action).items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Claims):
        return {"reads": value.reads, "jobUid": value.job_uid, "expires": value.expires}
    return str(value) if isinstance(value, str) else value


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    now = from_rfc3339(given.pop("now", MADE))
    decision = decide(observed(given), now, SETTINGS)
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

"""Every manifest of examples/, of the model images and of the documentation, as `kubectl apply` sends it."""

import copy
from contextlib import nullcontext
from typing import Any

import pytest
from tests.support.make import NAMESPACE, aipipeline
from tests.support.manifests import shown

from meninx.base.errors import BadInput
from meninx.kube.client import KubeApi
from meninx.kube.errors import from_response
from meninx.kube.kinds import AIMODEL, AIPIPELINE, DICOMNODE, INFERENCEJOB, STUDYROUTE, TRAININGJOB

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

KINDS = {
    kind.kind: kind
    for kind in (AIMODEL, AIPIPELINE, DICOMNODE, INFERENCEJOB, STUDYROUTE, TRAININGJOB)
}
SHOWN = shown()
HEAD = {"name": "head", "modelRef": {"name": "example-headmask"}}
WHEN = {"step": "head", "field": "measurements.head_ml", "atLeast": 1}


def dry_run(api: KubeApi, manifest: dict[str, Any]) -> None:
    """Create an object as kubectl does, without keeping it: unknown fields are refused."""
    sent = copy.deepcopy(manifest)
    sent["metadata"]["namespace"] = NAMESPACE
    kind = KINDS[sent["kind"]]
    query = {"fieldValidation": "Strict", "dryRun": "All"}
    answer = api._send("POST", kind.path(NAMESPACE), kind.kind, query=query, body=sent)
    if answer.status != 201:
        raise from_response(answer.status, answer.data, kind.kind)


@pytest.mark.parametrize("place", SHOWN)
def test_manifest_that_is_shown_is_accepted(api: KubeApi, place: str) -> None:
    dry_run(api, SHOWN[place])


WRONG: dict[str, tuple[list[dict[str, Any]], str]] = {
    "neither model nor image": ([{"name": "a"}], "exactly one of modelRef, image"),
    "a name of our own": ([{**HEAD, "name": "fetch"}], "names of Meninx's own"),
    "a name like one of ours": ([{**HEAD, "name": "gate-a"}], "names of Meninx's own"),
    "no model at all": ([{"name": "a", "image": "x"}], "at least one step with a modelRef"),
    "a condition on itself": ([{**HEAD, "when": WHEN}], "when.step must name another step"),
    "a condition without a test": (
        [HEAD, {**HEAD, "name": "b", "when": {"step": "head", "field": "x"}}],
        "at least one of exists, equals, atLeast, atMost",
    ),
    "a plain image that can't be skipped": (
        [HEAD, {"name": "b", "image": "x", "when": WHEN}],
        "a step with `when` needs command",
    ),
    "a command beside a model": ([{**HEAD, "command": ["run"]}], "are said in its AIModel"),
    "two steps of one name": ([HEAD, HEAD], "Duplicate value"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_pipeline_is_refused_with_help(api: KubeApi, case: str) -> None:
    steps, why = WRONG[case]
    with pytest.raises(BadInput, match=why):
        dry_run(api, aipipeline(steps=steps))


CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "another version": ({"version": "2", "steps": [HEAD]}, True),
    "its time limit": ({"timeoutSeconds": 60}, True),
    "a step less": ({"steps": [HEAD]}, False),
    "a step of another model": (
        {"steps": [HEAD, {"name": "meningioma", "modelRef": {"name": "other"}}]},
        False,
    ),
    "a condition more": (
        {"steps": [HEAD, {**aipipeline()["spec"]["steps"][1], "when": WHEN}]},
        False,
    ),
    "the order": ({"steps": aipipeline()["spec"]["steps"][::-1]}, False),
}


@pytest.mark.parametrize("case", CHANGES)
def test_steps_of_a_version_stay_as_they_are(api: KubeApi, case: str) -> None:
    change, allowed = CHANGES[case]
    refused = pytest.raises(BadInput, match=r"give the pipeline a new spec\.version")
    api.apply(AIPIPELINE, aipipeline(), manager="tests")
    try:
        with nullcontext() if allowed else refused:
            api.apply(AIPIPELINE, aipipeline(**change), manager="tests")
    finally:
        api.delete(AIPIPELINE, NAMESPACE, aipipeline()["metadata"]["name"])

import subprocess
from typing import Any

import pytest
from tests.api.control_plane import ADMIN_TOKEN, BINARIES, NAMESPACE, ControlPlane
from tests.support.make import aimodel, condition, inferencejob, label

from meninx.base.errors import BadInput
from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, DICOMNODE, INFERENCEJOB, STUDYROUTE, Kind

pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

MR = {"attribute": "Modality", "equals": "MR"}


def _route(*conditions: dict[str, Any]) -> dict[str, Any]:
    spec = {"modelRef": {"name": "m"}, "match": {"all": list(conditions)}}
    return {"metadata": {"name": "r", "namespace": NAMESPACE}, "spec": spec}


def _node(**spec: Any) -> dict[str, Any]:
    base = {"aeTitle": "PACS", "host": "pacs.test"}
    return {"metadata": {"name": "pacs", "namespace": NAMESPACE}, "spec": {**base, **spec}}


def _kubectl(plane: ControlPlane, *words: str) -> str:
    config = str(plane.kubeconfig(ADMIN_TOKEN))
    command = [str(BINARIES / "kubectl"), "--kubeconfig", config, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("kind", "manifest", "said"),
    [
        pytest.param(
            STUDYROUTE, _route({**MR, "contains": "M"}), "exactly one of equals, in", id="two tests"
        ),
        pytest.param(STUDYROUTE, _route({"attribute": "Rows"}), "exactly one of", id="no test"),
        pytest.param(
            STUDYROUTE,
            _route({"attribute": "Rows", "range": {"min": 9, "max": 1}}),
            "min must not be above max",
            id="range upside down",
        ),
        pytest.param(DICOMNODE, _node(mayReceive=False), "set maySend or mayReceive", id="useless"),
        pytest.param(
            AIMODEL, aimodel(labels=[label(1), label(2)]), "names of labels must be", id="labels"
        ),
    ],
)
def test_rule_says_what_is_wrong(
    api: KubeApi, kind: Kind, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        api.apply(kind, manifest, manager="kubectl")


def test_job_keeps_its_input_for_good(api: KubeApi) -> None:
    made = api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    changed = {**made["spec"]["input"], "study": "s999"}
    with pytest.raises(BadInput, match=r"spec\.input can't be changed: make a new object"):
        api.apply(INFERENCEJOB, inferencejob(input=changed), manager="kubectl")


def test_other_image_needs_another_version(api: KubeApi) -> None:
    api.apply(AIMODEL, aimodel(version="1", image="m.test/m:1"), manager="kubectl")
    with pytest.raises(BadInput, match=r"give the model a new spec\.version"):
        api.apply(AIMODEL, aimodel(version="1", image="m.test/m:2"), manager="kubectl")
    api.apply(AIMODEL, aimodel(version="2", image="m.test/m:2"), manager="kubectl")


def test_list_says_where_a_job_is_and_why_it_waits(api: KubeApi, plane: ControlPlane) -> None:
    made = api.apply(INFERENCEJOB, inferencejob(), manager="kubectl")
    waits = condition("Admitted", "False", reason="ModelNotReady")
    status = {"phase": "Queued", "conditions": [waits]}
    manifest = {"metadata": {"name": made["metadata"]["name"], "namespace": NAMESPACE}}
    api.apply(INFERENCEJOB, {**manifest, "status": status}, manager="tests", subresource="status")
    heads, row = _kubectl(plane, "get", "ij").splitlines()
    assert heads.split()[:5] == ["NAME", "PHASE", "WHY", "QUEUE", "MODEL"]
    assert row.split()[1:3] == ["Queued", "ModelNotReady"]


@pytest.mark.parametrize("name", ["aim", "dn", "ij", "sr"])
def test_short_name_is_explained_with_sentences(plane: ControlPlane, name: str) -> None:
    said = _kubectl(plane, "explain", name, "--recursive=false")
    assert "DESCRIPTION:" in said
    assert "<empty>" not in said


def test_field_with_a_typing_mistake_is_refused(plane: ControlPlane) -> None:
    text = "apiVersion: meninx.io/v1alpha1\nkind: DicomNode\nmetadata: {name: x}\n"
    text += "spec: {aeTitle: A, host: h, prot: 104}\n"
    command = [str(BINARIES / "kubectl"), "--kubeconfig", str(plane.kubeconfig(ADMIN_TOKEN))]
    done = subprocess.run(
        [*command, "apply", "-f", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert 'unknown field "spec.prot"' in done.stderr

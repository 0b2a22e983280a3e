import json
from collections.abc import Iterator

import pytest
from tests.demo import watch
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.rule("least-privilege"),
]
PEERS = {
    "store": ("meninx-ingress.meninx.svc", 8080),
    "dicom": ("meninx-ingress.meninx.svc", 11112),
    "pacs": ("pacs.hospital.svc", 4242),
    "api server": ("kubernetes.default.svc", 443),
}
TRY = """
import json, socket, os, pathlib
peers, seen = json.loads(os.environ["PEERS"]), {}
for name, (host, port) in peers.items():
    try:
        socket.create_connection((host, port), timeout=4).close()
        seen[name] = True
    except OSError:
        seen[name] = False
seen["token"] = pathlib.Path("/var/run/secrets/kubernetes.io").exists()
pathlib.Path("/dev/termination-log").write_text(json.dumps(seen))
"""
SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _pod(image: str) -> str:
    container = {
        "name": "try",
        "image": image,
        "command": ["python3", "-c", TRY],
        "env": [{"name": "PEERS", "value": json.dumps(PEERS)}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "restartPolicy": "Never",
        "serviceAccountName": "meninx-inference",
        "securityContext": SECURITY,
        "containers": [container],
    }
    labels = {"meninx.io/inference-job": "e2e-network"}
    metadata = {"name": "e2e-network", "namespace": NAMESPACE, "labels": labels}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def _ended(site: Site) -> Manifest | None:
    """Return how the container ended, once it has: what it saw comes with its end, not in a log."""
    pod = json.loads(site.kubectl("get", "pod", "e2e-network", "-o", "json"))
    status = pod["status"]
    if status["phase"] not in {"Succeeded", "Failed"}:
        return None
    assert status["phase"] == "Succeeded", f"the pod was ended by another: {status}"
    return dict(status["containerStatuses"][0]["state"]["terminated"])


@pytest.fixture
def seen(site: Site) -> Iterator[dict[str, bool]]:
    """Return what a pod labelled as a job's can reach."""
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    image = site.kubectl("get", "deployment", "meninx-operator", "-o", path)
    site.target.kubectl("apply", "-f", "-", stdin=_pod(image))
    try:
        ended = watch.until("the pod's end", lambda: _ended(site), seconds=90)
        yield json.loads(ended["message"])
    finally:
        site.kubectl("delete", "pod", "e2e-network", "--grace-period=0", "--force")


def test_pod_of_a_job_reaches_the_store_and_nothing_else(seen: dict[str, bool]) -> None:
    assert seen == {
        "store": True,
        "dicom": False,
        "pacs": False,
        "api server": False,
        "token": False,
    }

"""What code can reach from inside a model's container of a real job, beside a pod that is no job's."""

import json
import uuid
from collections.abc import Iterator

import pytest
from tests.demo import watch
from tests.e2e.failing import PREFIX, WORK, Lab, lab, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest

from meninx.kube.kinds import POD

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240, func_only=True),
    pytest.mark.rule("least-privilege"),
]
STORE = ("meninx-ingress.meninx.svc", 8080)
PEERS = {
    "store": STORE,
    "dicom": ("meninx-ingress.meninx.svc", 11112),
    "pacs": ("pacs.hospital.svc", 4242),
    "api server": ("kubernetes.default.svc", 443),
}
TRY = """
import json, os, pathlib, socket, urllib.error, urllib.request
asked, seen = json.loads('''ASKED'''), {}
for name, (host, port) in asked["peers"].items():
    try:
        socket.create_connection((host, port), timeout=4).close()
        seen[name] = True
    except OSError:
        seen[name] = False
try:
    seen["study"] = urllib.request.urlopen(asked["study"], timeout=4).status
except urllib.error.HTTPError as refused:
    seen["study"] = refused.code
except OSError:
    seen["study"] = None
mounts = pathlib.Path("/proc/self/mounts").read_text()
seen["credentials"] = sorted(
    {word for word in ("serviceaccount", "credential", "secret") if word in mounts}
    | {name for name in os.environ if "TOKEN" in name or "CREDENTIAL" in name}
)
try:
    pathlib.Path("/opt/written").write_text("")
    seen["writes"] = True
except OSError:
    seen["writes"] = False
seen["user"] = os.getuid()
pathlib.Path("/dev/termination-log").write_text(json.dumps(seen))
"""


def _program(site: Site, study: str) -> str:
    """Return the program that looks around; `outside` is an address beyond the pods' network."""
    path = "jsonpath={.subsets[0].addresses[0].ip} {.subsets[0].ports[0].port}"
    address, port = site.target.kubectl("get", "endpoints", "kubernetes", "-o", path).split()
    asked = {
        "peers": {**PEERS, "outside": (address, int(port))},
        "study": f"http://{STORE[0]}:{STORE[1]}/dicom-web/studies/{study}",
    }
    return TRY.replace("ASKED", json.dumps(asked))


@pytest.fixture(scope="module")
def room(site: Site) -> Iterator[Lab]:
    """Return where jobs are made on one study that the store holds."""
    with lab(site) as made:
        yield made


def _said(pod: Manifest, container: str) -> Manifest:
    """Return what a container said at its end, which comes with its end and not in a log."""
    status = pod["status"]
    every = [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]
    ended = next(c["state"]["terminated"] for c in every if c["name"] == container)
    assert ended["exitCode"] == 0, f"ended by another: {status}"
    said: Manifest = json.loads(ended["message"])
    return said


def test_model_reaches_no_peer_and_holds_no_credential(room: Lab) -> None:
    site = room.site
    program = _program(site, room.given["study"])
    parts = [program[at : at + 900] for at in range(0, len(program), 900)]
    run = f'printf %s "$@" > /tmp/try.py && python /tmp/try.py && {WORK}'
    model = {"command": ["sh", "-c", run, "try", *parts]}
    job = room.begin("network", "", model=model)
    assert job.end()["phase"] == "Succeeded", job.status
    (pod,) = site.api.list(POD, NAMESPACE, labels={"job-name": job.status["jobName"]})
    assert _said(pod, "model") == {
        "store": True,  # its pod fetches from there, by a credential that the model hasn't got
        "study": 401,
        "dicom": False,
        "pacs": False,
        "api server": False,
        "outside": False,
        "credentials": [],
        "writes": False,
        "user": 65532,
    }


def test_pod_that_is_no_jobs_reaches_what_the_policy_keeps_from_models(site: Site) -> None:
    image = site.models["threshold"]
    name = f"{PREFIX}free-{uuid.uuid4().hex[:6]}"
    pod = plain_pod(image, ["python3", "-c", _program(site, "none")])
    metadata = {"name": name, "namespace": NAMESPACE}
    site.api.apply(POD, {"metadata": metadata, "spec": pod}, manager="e2e")

    def ended() -> Manifest | None:
        found = site.api.get(POD, NAMESPACE, name) or {}
        return found if found["status"].get("phase") in {"Succeeded", "Failed"} else None

    try:
        seen = _said(watch.until("the pod's end", ended, seconds=90), "only")
    finally:
        site.api.delete(POD, NAMESPACE, name)
    assert {peer: seen[peer] for peer in ("pacs", "api server", "outside")} == {
        "pacs": True,
        "api server": True,
        "outside": True,
    }

"""TrainingJobs on a real cluster, tiny data: killed and resumed, registered, promoted; a worse one refused.

The trainer is a small one of the tests (`training/`): a logistic model that really learns. Our own
needs torch, of which there is no small build to put into a test's image.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.demo import images
from tests.e2e.failing import CLAIMS, plain_pod
from tests.e2e.site import NAMESPACE, Site
from tests.support.make import Manifest, label

from meninx.cli.promote import promoted
from meninx.kube.kinds import AIMODEL, POD, TRAININGJOB
from meninx.kube.logs import container_log

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300, func_only=True)]

CLAIM, HEAD = "e2e-training", "e2e-train-head"
FIRST, SECOND, WORSE = "e2e-train-first", "e2e-train-second", "e2e-train-worse"
PROBE = "e2e-train-probe"
MODELS = (HEAD, FIRST, SECOND, WORSE, PROBE)
KILL_AFTER = 5
TRY = """
import pathlib, socket, sys
seen = []
for place in sys.argv[1:]:
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        seen.append(place)
    except OSError:
        pass
token = pathlib.Path("/var/run/secrets").exists()
pathlib.Path("/dev/termination-log").write_text(f"reached {seen}, token {token}")
"""
"""What a training runs that looks around: it ends without a result."""


def until(what: str, look: Callable[[], Any], seconds: float = 90) -> Any:
    """Return what is found, or fail and say what was awaited."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            pytest.fail(f"not in time: {what}")
        time.sleep(0.3)
    return found


@dataclass(frozen=True)
class School:
    """Where trainings are made."""

    site: Site
    image: str

    def begin(
        self,
        name: str,
        *,
        epochs: int = 1,
        seconds: float = 0.0,
        command: Any = None,
        data: Any = None,
        **register: Any,
    ) -> None:
        """Make a training of so many epochs, each of which takes at least so long."""
        folder = {"claimName": CLAIM}
        spec = {
            "image": self.image,
            "data": data or {"volumeClaim": {**folder, "path": "heads"}},
            "output": {"volumeClaim": {**folder, "path": f"out/{name}"}},
            "plan": {
                "preset": "logistic", "epochs": epochs, "more": {"seconds": seconds},
                "optimiser": {"name": "SGD", "learningRate": 2.0},
            },
            "resources": {
                "gpu": {"count": self.site.gpus["count"]}, "cpu": "50m", "memory": "512Mi",
            },
            **({"command": command} if command else {}),
            "register": {"name": name, "version": name.rpartition("-")[2], "from": HEAD, **register},
        }  # fmt: skip
        metadata = {"name": name, "namespace": NAMESPACE}
        self.site.api.apply(TRAININGJOB, {"metadata": metadata, "spec": spec}, manager="e2e")

    def status(self, name: str) -> Manifest:
        """Return what is said of a training."""
        status: Manifest = (self.site.api.get(TRAININGJOB, NAMESPACE, name) or {}).get(
            "status"
        ) or {}
        return status

    def end(self, name: str) -> Manifest:
        """Return the status of a training that succeeded."""
        until(f"end of {name}", lambda: self.status(name).get("finishedAt"))
        status = self.status(name)
        assert status["phase"] == "Succeeded", status
        return status

    def pods(self, name: str) -> list[Manifest]:
        """Return the pods of a training."""
        return self.site.api.list(POD, NAMESPACE, labels={"meninx.io/training-job": name})

    def log(self, pod: str) -> str:
        """Return what the training in a pod has written so far."""
        return container_log(self.site.api, NAMESPACE, pod, "train", tail=500)

    def current(self) -> str:
        """Return the version that routes run."""
        head = self.site.api.get(AIMODEL, NAMESPACE, HEAD) or {}
        return str((head["spec"].get("current") or {}).get("name", HEAD))

    def look_into_volume(self, name: str, words: str) -> str:
        """Return what a shell says of a training's output folder."""
        pod = plain_pod(self.image, ["sh", "-c", f"cd /there/out/{name} && {words}"],
                        volumeMounts=[{"name": "there", "mountPath": "/there"}])  # fmt: skip
        return _ran(self.site, f"{name}-look", pod)


def _ran(site: Site, name: str, pod: Manifest) -> str:
    """Run a pod that has the volume; return what it wrote."""
    pod["volumes"] = [{"name": "there", "persistentVolumeClaim": {"claimName": CLAIM}}]
    site.api.apply(
        POD, {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": pod}, manager="e2e"
    )
    over = {"Succeeded", "Failed"}

    def phase() -> str | None:
        shown = (site.api.get(POD, NAMESPACE, name) or {}).get("status") or {}
        return shown["phase"] if shown.get("phase") in over else None

    ended = until(f"end of pod {name}", phase)
    said = container_log(site.api, NAMESPACE, name, "only", tail=100)
    site.api.delete(POD, NAMESPACE, name)
    assert ended == "Succeeded", said
    return said


@contextmanager
def _volume(site: Site, image: str) -> Iterator[None]:
    """Have a volume with a data set of sixteen heads."""
    metadata = {"name": CLAIM, "namespace": NAMESPACE}
    room = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "50Mi"}}}
    site.api.apply(CLAIMS, {"metadata": metadata, "spec": room}, manager="e2e")
    command = ["python", "/opt/train/heads.py", "/there/heads", "16"]
    mount = {"name": "there", "mountPath": "/there"}
    try:
        _ran(site, CLAIM, plain_pod(image, command, volumeMounts=[mount]))
        yield
    finally:
        site.api.delete(CLAIMS, NAMESPACE, CLAIM)


@contextmanager
def _head(site: Site) -> Iterator[None]:
    """Have the model that routes would name; all trainings and versions go in the end."""
    spec = {
        "image": site.models["threshold"], "version": "0", "labels": [label()],
        "channels": [{"name": "t1c", "selector": {"minSlices": 8}}],
        "resources": {"gpu": {"count": 0}, "cpu": "50m", "memory": "512Mi"},
    }  # fmt: skip
    metadata = {"name": HEAD, "namespace": NAMESPACE}
    site.api.apply(AIMODEL, {"metadata": metadata, "spec": spec}, manager="e2e")
    try:
        yield
    finally:
        for name in MODELS:
            site.api.delete(TRAININGJOB, NAMESPACE, name)
            site.api.delete(AIMODEL, NAMESPACE, name)


@dataclass(frozen=True)
class Story:
    """What happened, for the tests to look at."""

    school: School
    killed: str
    """The pod that was deleted midway."""
    resumed: str
    """What the training said after that."""


@pytest.fixture(scope="module")
def story(site: Site) -> Iterator[Story]:
    """Train a first version and promote it by hand; train a better one and kill it; then a worse one."""
    file, folder = "tests/e2e/training/Containerfile", "tests/e2e/training"
    base = (f"BASE={site.models['threshold']}",)
    image = images.ensure(site.target, images.Source("e2e-train", file, folder, (folder,), base))
    with _volume(site, image), _head(site):
        school = School(site, image)
        school.begin(PROBE, command=["python", "-c", TRY, *_places(site)])
        school.begin(FIRST, epochs=1)
        school.begin(SECOND, epochs=20, seconds=0.5, promote="IfBetter", leastMargin=0.01)
        killed = until("a pod to be killed", lambda: _midway(school))
        site.kubectl("delete", "pod", killed, "--grace-period=1", "--wait=false")
        school.end(FIRST)
        promoted(site.api, NAMESPACE, FIRST)
        resumed = until("the end of the second", lambda: _after(school, killed))
        school.end(SECOND)
        school.begin(WORSE, epochs=2, promote="IfBetter")
        school.end(WORSE)
        yield Story(school, killed, resumed)


def _places(site: Site) -> list[str]:
    """Return the addresses of the store and of the API server: names can't be looked up either."""
    store = site.kubectl("get", "service", "meninx-ingress", "-o", "jsonpath={.spec.clusterIP}")
    path = "jsonpath={.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}"
    api = site.target.kubectl("get", "endpoints", "kubernetes", "-o", path)
    return [f"{store}:8080", f"{store}:11112", api.strip()]


def _midway(school: School) -> str | None:
    names = [pod["metadata"]["name"] for pod in school.pods(SECOND)]
    lines = school.log(names[0]).splitlines() if names else []
    return names[0] if len(lines) >= KILL_AFTER else None


def _after(school: School, killed: str) -> str | None:
    names = [p["metadata"]["name"] for p in school.pods(SECOND)]
    said = next((school.log(name) for name in names if name != killed), "")
    return said if '"epoch": 20' in said else None


def test_killed_training_goes_on_from_its_checkpoint(story: Story) -> None:
    status = story.school.status(SECOND)
    first = story.resumed.splitlines()[0]
    assert first.startswith("goes on after epoch ")
    assert int(first.rpartition(" ")[2]) >= KILL_AFTER - 1
    assert '"epoch": 1,' not in story.resumed
    assert status["attempts"] == 2
    ends = [(a["pod"], a["reason"], a["counts"]) for a in status["failedAttempts"]]
    assert ends == [(story.killed, "PodDeleted", False)]


def test_status_says_how_far_the_training_came(story: Story) -> None:
    progress = story.school.status(SECOND)["progress"]
    assert (progress["epoch"], progress["epochs"]) == (20, 20)
    assert 0.85 < progress["bestDice"] <= 1


def test_weights_curves_and_metrics_lie_on_the_volume(story: Story) -> None:
    said = story.school.look_into_volume(
        SECOND, "sha256sum weights/model.json; head -c4 curves.png; cat metrics.json"
    )
    result = story.school.status(SECOND)["result"]
    assert result["sha256"] in said
    assert result["weights"] == f"pvc://{CLAIM}/out/{SECOND}/weights/model.json"
    assert "PNG" in said
    assert result["quality"]["dataset"] in said


def test_better_version_is_registered_with_its_quality_and_promoted(story: Story) -> None:
    status = story.school.status(SECOND)
    model = story.school.site.api.get(AIMODEL, NAMESPACE, SECOND)
    assert model is not None
    assert model["status"]["quality"] == status["result"]["quality"]
    assert model["spec"]["weights"]["sha256"] == status["result"]["sha256"]
    gate = status["gate"]
    assert (gate["decision"], gate["currentModel"]) == ("Promote", FIRST)
    assert gate["candidate"] >= gate["current"] + 0.01
    assert story.school.current() == SECOND


@pytest.mark.rule("said-plainly")
def test_worse_version_is_registered_and_refused_by_the_gate(story: Story) -> None:
    status = story.school.status(WORSE)
    assert status["registered"] == WORSE
    gate = status["gate"]
    assert (gate["decision"], gate["reason"], gate["currentModel"]) == ("Keep", "NotBetter", SECOND)
    assert gate["candidate"] < gate["current"]
    told = story.school.site.kubectl("describe", "trainingjob", WORSE)
    assert f"AIModel {SECOND}: {gate['current']:.4g}" in told
    assert story.school.current() == SECOND


def test_earlier_version_can_be_had_back(story: Story) -> None:
    said = promoted(story.school.site.api, NAMESPACE, FIRST)
    assert said[1] == f"back: meninx promote {SECOND}"
    assert story.school.current() == FIRST


@pytest.mark.rule("least-privilege")
def test_pod_of_a_training_reaches_nothing_and_has_no_token(story: Story) -> None:
    school = story.school
    until("end of the probe", lambda: school.status(PROBE).get("finishedAt"))
    (pod,) = school.pods(PROBE)
    (container,) = pod["status"]["containerStatuses"]
    assert container["state"]["terminated"]["message"] == "reached [], token False"
    reasons = {c["type"]: c["reason"] for c in school.status(PROBE)["conditions"]}
    assert reasons["Trained"] == "BadResult"

"""The site under test: a cluster with the chart installed, a hospital beside it, models that behave."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kubernetes import config as kubernetes_config
from kubernetes.client import Configuration
from tests.demo import hospital, images, install, target, watch
from tests.demo.shell import BUILD, DemoFailed
from tests.demo.target import Target
from tests.support.make import Manifest, label

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, INFERENCEJOB, STUDYROUTE

NAMESPACE = install.NAMESPACE
QUIET_SECONDS = 2
BEHAVIOURS = ("threshold", "slow", "refusing")


@dataclass(frozen=True)
class Site:
    """Everything that a test needs to act as hospital and as administrator."""

    target: Target
    api: KubeApi
    models: Mapping[str, str]
    """Images by behaviour."""
    gpus: Mapping[str, Any] = field(default_factory=dict)

    def kubectl(self, *words: str, check: bool = True) -> str:
        """Run kubectl in the namespace under test."""
        return self.target.kubectl("-n", NAMESPACE, *words, check=check)

    def job(self, study: str) -> Manifest | None:
        """Return the one InferenceJob of a study's hash."""
        found = watch.jobs(self.target, study)
        assert len(found) <= 1, f"{len(found)} jobs for one study"
        return found[0] if found else None

    def phase(self, study: str) -> str:
        """Return the phase of a study's job, or nothing."""
        job = self.job(study)
        return str(((job or {}).get("status") or {}).get("phase", ""))

    def wait(self, study: str, phase: str, *, seconds: float = 120) -> Manifest:
        """Wait until the job is in a phase; a wrong end fails at once."""

        def look() -> Manifest | None:
            job = self.job(study)
            now = ((job or {}).get("status") or {}).get("phase")
            if now in {"Succeeded", "Failed"} and now != phase:
                raise DemoFailed(f"the job is {now}: {json.dumps((job or {})['status'])[:1500]}")
            return job if now == phase else None

        found: Manifest = watch.until(f"phase {phase} of {study}", look, seconds=seconds, every=0.5)
        return found


def build() -> Site:
    """Have the cluster, the hospital, the chart and the images."""
    BUILD.mkdir(parents=True, exist_ok=True)
    where, why = target.find()
    if where is None:
        raise DemoFailed(why)
    hospital.build(where, images.ensure(where, images.HOSPITAL))
    install.install(where, quiet)
    base = images.ensure(where, images.THRESHOLD)
    made = {name: _model(where, base, name) for name in BEHAVIOURS}
    return Site(where, _connect(where), made, install.gpus(where))


def _connect(where: Target) -> KubeApi:
    configuration = Configuration()
    kubernetes_config.load_kube_config(str(where.kubeconfig), client_configuration=configuration)
    return KubeApi(configuration)


def quiet(values: install.Values) -> install.Values:
    """Leave the shipped route out: each test brings its own."""
    unet = values["unetMeningioma"]
    return {**values, "unetMeningioma": {**unet, "route": {"enabled": False}}}


def _model(where: Target, base: str, behaviour: str) -> str:
    if behaviour == "threshold":
        return base
    file, folder = f"tests/e2e/model/{behaviour}.Containerfile", "tests/e2e/model"
    return images.ensure(
        where, images.Source(f"e2e-{behaviour}", file, folder, (), (f"BASE={base}",))
    )


@contextmanager
def route(site: Site, behaviour: str, description: str) -> Iterator[str]:
    """Have a model and a route for studies of this description; all gone afterwards."""
    name = f"e2e-{description.lower()}"
    needs = {"gpu": {"count": site.gpus["count"]}, "cpu": "100m", "memory": "1Gi"}
    model = {
        "image": site.models[behaviour],
        "version": "1",
        "channels": [{"name": "t1c", "selector": {"minSlices": 8}}],
        "labels": [label()],
        "resources": needs,
        "timeoutSeconds": 300,
    }
    studies = {
        "match": {"all": [{"attribute": "StudyDescription", "equals": description}]},
        "modelRef": {"name": name},
        "completeness": {"quietSeconds": QUIET_SECONDS},
        "destinations": [{"name": "pacs"}],
    }
    metadata = {"name": name, "namespace": NAMESPACE}
    for kind, spec in ((AIMODEL, model), (STUDYROUTE, studies)):
        site.api.apply(kind, {"metadata": metadata, "spec": spec}, manager="e2e")
    try:
        yield name
    finally:
        for kind in (STUDYROUTE, AIMODEL):
            site.api.delete(kind, NAMESPACE, name)
        for job in site.api.list(INFERENCEJOB, NAMESPACE):
            if (job["spec"].get("modelRef") or {}).get("name") == name:
                site.api.delete(INFERENCEJOB, NAMESPACE, job["metadata"]["name"])

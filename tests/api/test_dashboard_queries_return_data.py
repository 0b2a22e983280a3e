"""A real Prometheus scrapes operator and ingress while jobs come to several ends; Grafana's queries."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom.sop_class import SegmentationStorage
from tests.api.conftest import Eventually, OperatorProcess
from tests.api.control_plane import INGRESS_TOKEN, NAMESPACE, ControlPlane
from tests.api.kubelet import Kubelet, ended, waiting
from tests.support import make
from tests.support.chart import CHART
from tests.support.dicom_peers import LOOPBACK, associated, fake_pacs, free_port, send_slice
from tests.support.ingress_process import IngressProcess, ingress_process
from tests.support.pod_of_a_job import images_that_came, task_of
from tests.support.prometheus import Prometheus, prometheus
from tests.support.series import mr_series

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, DICOMNODE, INFERENCEJOB, JOB, STUDYROUTE
from meninx.resources import names

pytestmark = [pytest.mark.api, pytest.mark.timeout(180)]
DASHBOARD = CHART / "dashboards/operations.json"
RULES = CHART / "alerts/meninx.yaml"
CHOSEN = {"$namespace": ".*", "$model": ".*", "$__rate_interval": "1m"}
"""What a person at Grafana has chosen: all of it."""
SLICES = 20


@dataclass(frozen=True)
class Site:
    """Everything that a story is played with."""

    api: KubeApi
    kubelet: Kubelet
    eventually: Eventually
    ingress: IngressProcess

    def wish(self, name: str, **spec: Any) -> None:
        self.api.apply(INFERENCEJOB, make.inferencejob(name, **spec), manager="kubectl")

    def phase(self, name: str) -> str:
        job = self.api.get(INFERENCEJOB, NAMESPACE, name) or {}
        return str((job.get("status") or {}).get("phase"))

    def started(self, name: str) -> dict[str, Any]:
        """Return the Kubernetes Job once it is there."""
        job = self.api.get(INFERENCEJOB, NAMESPACE, name)
        assert job is not None
        made = names.kubernetes_job(name, job["metadata"]["uid"])
        return dict(self.eventually(lambda: self.api.get(JOB, NAMESPACE, made)))

    def runs(self, name: str) -> None:
        pod = self.kubelet.pod(self.started(name))
        self.kubelet.pod_status(pod, "Pending", ended("fetch"), waiting("model", ""))
        self.eventually(lambda: self.phase(name) == "Running")

    def fails(self, name: str) -> None:
        job = self.started(name)
        pod = self.kubelet.pod(job)
        self.kubelet.pod_status(pod, "Failed", ended("fetch"), ended("model", 65))
        self.kubelet.job_failed(job, "PodFailurePolicy")
        self.eventually(lambda: self.phase(name) == "Failed")

    def works(self, name: str) -> None:
        job = self.started(name)
        pod = self.kubelet.pod(job)
        self.kubelet.pod_status(pod, "Succeeded", ended("fetch"), ended("model"), ended("deliver"))
        self.kubelet.job_complete(job)

    def succeeds(self, name: str) -> None:
        self.works(name)
        said = {"conditions": [make.condition("Delivered", reason="Delivered")]}
        manifest = {"metadata": {"name": name, "namespace": NAMESPACE}, "status": said}
        self.api.apply(INFERENCEJOB, manifest, manager="meninx-delivery", subresource="status")
        self.eventually(lambda: self.phase(name) == "Succeeded")


def _send(ingress: IngressProcess, slices: list[Dataset]) -> None:
    with associated(ingress.dicom_port) as association:
        assert [send_slice(association, ds) for ds in slices] == [0] * len(slices)


def _study_comes_home(site: Site, folder: Path) -> None:
    """A study is routed, worked on and delivered; another one lacks a slice and is refused."""
    _send(site.ingress, mr_series(SLICES))
    (job,) = site.eventually(lambda: site.api.list(INFERENCEJOB, NAMESPACE))
    name, task = str(job["metadata"]["name"]), task_of(job)
    site.works(name)
    assert site.eventually(lambda: images_that_came(site.ingress, task, folder)) == SLICES
    site.eventually(lambda: site.phase(name) == "Succeeded")
    holed = mr_series(SLICES, StudyInstanceUID="2.25.1002", SeriesInstanceUID="2.25.2002")
    _send(site.ingress, holed[:9] + holed[11:])


def _jobs_come_to_their_ends(site: Site) -> None:
    site.kubelet.node(gpus="1")
    for name in ("good-1", "good-2"):
        site.wish(name)
        site.succeeds(name)
    site.wish("bad")
    site.fails("bad")
    site.wish("at-work", priority="Stat")
    site.runs("at-work")
    site.wish("in-line")
    site.eventually(lambda: site.phase("in-line") == "Queued")


@contextmanager
def _wishes(api: KubeApi, pacs_port: int) -> Iterator[None]:
    api.apply(AIMODEL, make.aimodel(), manager="kubectl")
    api.apply(STUDYROUTE, make.studyroute(completeness={"quietSeconds": 1}), manager="kubectl")
    api.apply(DICOMNODE, make.dicomnode(host=LOOPBACK, port=pacs_port), manager="kubectl")
    try:
        yield
    finally:
        api.delete(STUDYROUTE, NAMESPACE, "meningioma")
        api.delete(DICOMNODE, NAMESPACE, "pacs")


def _queries() -> dict[str, str]:
    """Return each query of the dashboard as Grafana would send it, by panel."""
    found = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for name, value in CHOSEN.items():
                expr = expr.replace(name, value)
            assert "$" not in expr, expr
            found[f"{panel['title']} {target['refId']}"] = expr
    return found


def _empty(server: Prometheus, patience_seconds: float = 30) -> list[str]:
    """Return the panels that still have no data after a while: rates need two scrapes."""
    queries, end = _queries(), time.monotonic() + patience_seconds
    while True:
        empty = [title for title, expr in queries.items() if not server.values(expr)]
        if not empty or time.monotonic() > end:
            return empty
        time.sleep(0.5)


def _unhealthy(server: Prometheus) -> list[str]:
    return [f"{r['name']}: {r.get('lastError')}" for r in server.rules() if r["health"] != "ok"]


def _targets(operator: OperatorProcess, ingress: IngressProcess) -> dict[str, int]:
    return {"operator": operator.metrics_port, "ingress": ingress.web_port}


def test_each_query_of_dashboard_and_alerts_answers_on_a_real_run(
    plane: ControlPlane, api: KubeApi, operator: OperatorProcess, kubelet: Kubelet,
    eventually: Eventually, tmp_path: Path,
) -> None:  # fmt: skip
    rights, pacs_port = plane.kubeconfig(INGRESS_TOKEN), free_port()
    with (
        _wishes(api, pacs_port),
        fake_pacs(pacs_port, classes=[SegmentationStorage]),
        ingress_process(tmp_path / "ingress", rights) as ingress,
        prometheus(tmp_path / "prometheus", _targets(operator, ingress), [RULES]) as server,
    ):
        eventually(server.up)
        site = Site(api, kubelet, eventually, ingress)
        _study_comes_home(site, tmp_path / "fetched")
        _jobs_come_to_their_ends(site)
        assert _empty(server) == []
        eventually(lambda: server.rules() and not _unhealthy(server))

"""One API server for the whole tier; a fresh operator, as its own process, for each test."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes import config as kubernetes_config
from kubernetes.client import Configuration
from tests.api.control_plane import (
    ADMIN_TOKEN,
    NAMESPACE,
    OPERATOR_TOKEN,
    ControlPlane,
    chart_role,
    clean,
    definitions,
    free_port,
    missing_binaries,
)
from tests.api.kubelet import Kubelet

from meninx.kube.client import KubeApi
from meninx.kube.kinds import (
    AIMODEL,
    INFERENCEJOB,
    JOB,
    LEASE,
    NODE,
    POD,
    SECRET,
    TRAININGJOB,
    Kind,
)

CRD = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
           namespaced=False)  # fmt: skip
NAMESPACES = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
_RBAC = {
    "Role": Kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    "RoleBinding": Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    "ClusterRole": Kind(
        "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
    ),
    "ClusterRoleBinding": Kind(
        "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding",
        namespaced=False,
    ),
}  # fmt: skip

Eventually = Callable[..., Any]
"""Asks a question until the answer is true; a second argument says for how long."""


@pytest.fixture
def eventually() -> Eventually:
    """Return a function that asks until the answer is true, and returns the answer."""

    def ask(question: Callable[[], Any], patience_seconds: float = 40) -> Any:
        end = time.monotonic() + patience_seconds
        while True:
            answer = question()
            if answer:
                return answer
            if time.monotonic() > end:
                pytest.fail("it did not happen in time")
            time.sleep(0.2)

    return ask


def connect(plane: ControlPlane, token: str) -> KubeApi:
    """Return our own client for the bearer of a token."""
    configuration = Configuration()
    path = plane.kubeconfig(token)
    kubernetes_config.load_kube_config(str(path), client_configuration=configuration)
    return KubeApi(configuration)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """Start etcd and kube-apiserver, with our CRDs, namespace (restricted) and the chart's role."""
    missing = missing_binaries()
    if missing:
        pytest.fail(f"not built: {missing}; run `python3 tests/cluster/cluster.py build`")
    folder = Path(tempfile.mkdtemp(prefix="meninx-api-"))
    plane = ControlPlane(folder)
    try:
        plane.start()
        _furnish(plane, connect(plane, ADMIN_TOKEN))
        yield plane
    finally:
        plane.stop()
        clean(folder)


def _furnish(plane: ControlPlane, api: KubeApi) -> None:
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"metadata": {"name": NAMESPACE, "labels": restricted}}
    api.apply(NAMESPACES, namespace, manager="tests")
    for definition in definitions():
        api.apply(CRD, definition, manager="tests")
    for document in chart_role():
        api.apply(_RBAC[document["kind"]], document, manager="tests")
    end = time.monotonic() + 30
    while not _described(plane):
        assert time.monotonic() < end, "the CRDs were not taken"
        time.sleep(0.2)


def _described(plane: ControlPlane) -> bool:
    """Tell whether the server serves and describes all our kinds (`kubectl explain` asks that)."""
    kinds = [definition["spec"]["names"]["kind"] for definition in definitions()]
    said = [plane.answer(f"{place}/apis/meninx.io/v1alpha1") for place in ("", "/openapi/v3")]
    return all(text is not None and f'"{kind}"' in text for text in said for kind in kinds)


@pytest.fixture
def api(plane: ControlPlane) -> Iterator[KubeApi]:
    """Return the administrator's client; what a test leaves is removed."""
    client = connect(plane, ADMIN_TOKEN)
    yield client
    for kind in (INFERENCEJOB, TRAININGJOB, AIMODEL, JOB, POD, SECRET, NODE, LEASE):
        for item in client.list(kind, NAMESPACE if kind.namespaced else None):
            metadata = item["metadata"]
            if metadata.get("finalizers"):  # held by an operator that was killed
                plane.request(
                    "PATCH", kind.path(metadata.get("namespace"), metadata["name"]),
                    {"metadata": {"finalizers": None}}, "application/merge-patch+json",
                )  # fmt: skip
            plane.request(
                "DELETE", kind.path(metadata.get("namespace"), metadata["name"]),
                {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}, "application/json",
            )  # fmt: skip


@pytest.fixture
def kubelet(api: KubeApi) -> Kubelet:
    """Return the stand-in, with one node that has eight GPUs."""
    stand_in = Kubelet(api)
    stand_in.node(gpus="8")
    return stand_in


@dataclass
class OperatorProcess:
    """The operator as its pod starts it, with the rights that the chart gives it."""

    plane: ControlPlane
    key_file: Path
    resync_seconds: float = 600.0
    """Long: what a test waits for must come by an event, not by the next look at everything."""
    process: subprocess.Popen[bytes] | None = None
    name: str = "operator"
    proxy_port: int | None = None
    """Where it finds the API server, if not directly."""
    watch_seconds: float = 60.0
    grace_seconds: float = 15.0
    preempt: bool = False
    """Whether a Stat takes the place of others."""
    metrics_port: int = field(default_factory=free_port)
    liveness_port: int = field(default_factory=free_port)

    def start(self) -> None:
        """Start it anew."""
        environment = {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(self.plane.kubeconfig(OPERATOR_TOKEN, self.proxy_port)),
            "MENINX_NAMESPACE": NAMESPACE,
            "MENINX_IMAGE": "meninx.local/meninx:dev",
            "MENINX_STORE_URL": "http://meninx-ingress.meninx.svc:8080",
            "MENINX_SIGNING_KEY_FILE": str(self.key_file),
            "MENINX_GPU_PRODUCT": "NVIDIA-A100-PCIE-40GB",
            "MENINX_RESYNC_SECONDS": str(self.resync_seconds),
            "MENINX_METRICS_PORT": str(self.metrics_port),
            "MENINX_LIVENESS_PORT": str(self.liveness_port),
            "MENINX_POD": self.name,
            "MENINX_QUEUE_PREEMPT": str(self.preempt).lower(),
            "MENINX_WATCH_SECONDS": str(self.watch_seconds),
            "MENINX_WATCH_GRACE_SECONDS": str(self.grace_seconds),
        }
        command = [str(Path(sys.executable).with_name("meninx")), "operator"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    @property
    def log(self) -> Path:
        """Return where it logs."""
        return self.key_file.with_name(f"{self.name}.log")

    def kill(self) -> None:
        """Kill it as a node failure does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """Remove the lease of one that was killed: the next need not wait until it runs out."""
        connect(self.plane, ADMIN_TOKEN).delete(LEASE, NAMESPACE, "meninx-operator")

    def leads(self) -> bool:
        """Tell whether it is the one that works, and has looked at everything."""
        status, text = self.page("/readyz")
        return status == 200 and "role: leader" in text

    def stop(self) -> int:
        """End it as a kubelet does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def page(self, path: str, port: int | None = None) -> tuple[int, str]:
        """Return status and text of one of its pages; 0 where it does not listen."""
        url = f"http://127.0.0.1:{port or self.metrics_port}{path}"
        with urllib3.PoolManager(retries=False) as pool:
            try:
                answer = pool.request("GET", url, timeout=5.0)
            except urllib3.exceptions.HTTPError:
                return 0, ""
            return answer.status, answer.data.decode()


@pytest.fixture
def stopped_operator(plane: ControlPlane, tmp_path: Path) -> Iterator[OperatorProcess]:
    """Return an operator that a test starts itself; it is ended afterwards."""
    key_file = tmp_path / "signing"
    key_file.write_text("ab" * 32)
    process = OperatorProcess(plane, key_file)
    yield process
    if process.process is not None and process.process.poll() is None:
        process.kill()
    process.forget()


@pytest.fixture
def operator(
    stopped_operator: OperatorProcess, kubelet: Kubelet, eventually: Eventually
) -> OperatorProcess:
    """Return an operator that is ready and leads."""
    assert kubelet
    stopped_operator.start()
    eventually(stopped_operator.leads)
    return stopped_operator

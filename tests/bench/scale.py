"""An API server with simulated nodes, the operator as a process, and the stand-in for all others."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import config as kubernetes_config
from kubernetes.client import Configuration
from tests.api.control_plane import (
    ADMIN_TOKEN,
    NAMESPACE,
    OPERATOR_TOKEN,
    ROOT,
    ControlPlane,
    chart_role,
    clean,
    definitions,
    free_port,
)
from tests.support.make import aimodel

from meninx.kube.client import KubeApi
from meninx.kube.kinds import AIMODEL, Kind

MODEL = "bench"
STANDIN = ROOT / "tests/bench/standin"
_TICKS = os.sysconf("SC_CLK_TCK")
_CORE_KINDS = {
    "Namespace": Kind("", "v1", "namespaces", "Namespace", namespaced=False),
    "CustomResourceDefinition": Kind(
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
        namespaced=False,
    ),
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


def build_standin() -> Path:
    """Build the stand-in where its sources are newer than the last build; return the program."""
    program = ROOT / ".cache/bench/standin"
    newest = max(path.stat().st_mtime for path in STANDIN.iterdir())
    if not program.is_file() or program.stat().st_mtime < newest:
        go = shutil.which("go") or str(ROOT / ".cache/cluster/go/go/bin/go")
        program.parent.mkdir(parents=True, exist_ok=True)
        print("building the stand-in for kubelet, scheduler and ingress", flush=True)
        subprocess.run([go, "build", "-o", program, "."], cwd=STANDIN, check=True)
        os.utime(program)
    return program


def connect(kubeconfig: Path) -> KubeApi:
    """Return our own client for a kubeconfig."""
    configuration = Configuration()
    kubernetes_config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    return KubeApi(configuration)


@dataclass
class Site:
    """One API server with our kinds, nodes and one model."""

    plane: ControlPlane
    program: Path

    def standin(self, verb: str, *flags: str) -> dict[str, Any]:
        """Let the stand-in play; return its report."""
        report = self.plane.folder / f"{verb}.json"
        report.unlink(missing_ok=True)
        environment = os.environ | {"KUBECONFIG": str(self.plane.kubeconfig(ADMIN_TOKEN))}
        subprocess.run(
            [self.program, "-namespace", NAMESPACE, "-out", report, *flags, verb],
            env=environment,
            check=True,
        )
        document: dict[str, Any] = json.loads(report.read_text()) or {}
        return document


@contextmanager
def site() -> Iterator[Site]:
    """Start an API server of its own and furnish it; all is removed afterwards."""
    program = build_standin()
    folder = Path(tempfile.mkdtemp(prefix="meninx-bench-"))
    plane = ControlPlane(folder)
    try:
        plane.start()
        api = connect(plane.kubeconfig(ADMIN_TOKEN))
        restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}}
        for document in (namespace, *definitions(), *chart_role()):
            api.apply(_CORE_KINDS[document["kind"]], document, manager="bench")
        _until(lambda: plane.answer("/apis/meninx.io/v1alpha1/inferencejobs") is not None)
        made = Site(plane, program)
        made.standin("nodes")
        api.apply(AIMODEL, aimodel(MODEL, metadata={"namespace": NAMESPACE}), manager="bench")
        yield made
    finally:
        plane.stop()
        clean(folder)


def _until(question: Any, patience_seconds: float = 60) -> None:
    end = time.monotonic() + patience_seconds
    while not question():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.1)


@dataclass
class Operator:
    """The operator as its pod starts it, and what it costs."""

    site: Site
    metrics_port: int = field(default_factory=free_port)
    liveness_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0

    def start(self, *, wait: bool = True) -> None:
        """Start it; wait until it is ready."""
        key = self.site.plane.folder / "signing"
        key.write_text("ab" * 32)
        environment = {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(self.site.plane.kubeconfig(OPERATOR_TOKEN)),
            "MENINX_NAMESPACE": NAMESPACE,
            "MENINX_IMAGE": "meninx.local/meninx:dev",
            "MENINX_STORE_URL": "http://meninx-ingress.meninx.svc:8080",
            "MENINX_SIGNING_KEY_FILE": str(key),
            "MENINX_GPU_PRODUCT": "NVIDIA-A100-PCIE-40GB",
            "MENINX_METRICS_PORT": str(self.metrics_port),
            "MENINX_LIVENESS_PORT": str(self.liveness_port),
        }
        command = [str(Path(sys.executable).with_name("meninx")), "operator"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        if wait:
            _until(self._ready)

    @property
    def log(self) -> Path:
        """Return where it logs."""
        return self.site.plane.folder / "operator.log"

    def _ready(self) -> bool:
        return self._readyz()[0] == 200

    def leads(self) -> bool:
        """Tell whether it is ready and the one that works."""
        status, text = self._readyz()
        return status == 200 and "role: leader" in text

    def _readyz(self) -> tuple[int, str]:
        with urllib3.PoolManager(retries=False) as pool:
            try:
                url = f"http://127.0.0.1:{self.metrics_port}/readyz"
                answer = pool.request("GET", url, timeout=5.0)
            except urllib3.exceptions.HTTPError:
                return 0, ""
            return int(answer.status), answer.data.decode()

    def resident_mib(self) -> float:
        """Return its resident memory now."""
        return self._memory("VmRSS")

    def _memory(self, key: str) -> float:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(f"{key}:")[2].split()[0]) / 1024

    def _note(self) -> None:
        """Add up what it has cost, before it ends."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu_seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        self.peak_mib = max(self.peak_mib, self._memory("VmHWM"))

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal."""
        assert self.process is not None
        self._note()
        self.process.send_signal(number)
        self.process.wait(timeout=30)


@contextmanager
def killed_every(
    operator: Operator, seconds: float, *, at_work: bool = False
) -> Iterator[list[float]]:
    """Kill -9 the operator again and again, and start it at once; yields the list of kills.

    `at_work`: the seconds count from when it leads, so each life gets something done, however slow the machine.
    """
    kills: list[float] = []
    over = threading.Event()

    def work() -> None:
        while not over.wait(seconds):
            operator.end(signal.SIGKILL)
            kills.append(time.monotonic())
            operator.start(wait=False)
            while at_work and not operator.leads() and not over.wait(0.1):
                pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield kills
    finally:
        over.set()
        thread.join()

"""A real etcd and kube-apiserver on loopback, without kubelet, scheduler or controllers."""

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".cache/cluster/bin"
ADMIN_TOKEN, OPERATOR_TOKEN = "admin-of-the-tests", "operator-of-the-tests"
INGRESS_TOKEN = "ingress-of-the-tests"
NAMESPACE = "meninx"
OPERATOR_ACCOUNT = "meninx-operator"
INGRESS_ACCOUNT = "meninx-ingress"
_PATIENCE_SECONDS = 90


def missing_binaries() -> list[str]:
    """Return what is not there yet; `python3 tests/cluster/cluster.py build` makes it."""
    return [name for name in ("etcd", "kube-apiserver", "helm") if not (BINARIES / name).is_file()]


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class ControlPlane:
    """The two processes and how to reach them."""

    folder: Path
    port: int = field(default_factory=free_port)
    _etcd_port: int = field(default_factory=free_port)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Return the API server's address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """Return what the API server proves itself by."""
        return self.folder / "certs/apiserver.crt"

    def start(self) -> None:
        """Start both and wait until the API server is ready."""
        self._keys()
        self._run("etcd", *self._etcd_flags())
        self.start_api_server()

    def start_api_server(self) -> None:
        """Start the API server and wait until it is ready."""
        self._run("kube-apiserver", *self._apiserver_flags())
        self._wait()

    def kill_api_server(self) -> None:
        """Kill the API server; etcd stays."""
        self._end("kube-apiserver")

    def stop(self) -> None:
        """End both."""
        for name in reversed(list(self._processes)):
            self._end(name)

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def kubeconfig(self, token: str, proxy_port: int | None = None) -> Path:
        """Write and return a kubeconfig for the bearer of a token; through a proxy in clear text."""
        certificate = self.certificate.read_bytes()
        cluster = {
            "server": self.host,
            "certificate-authority-data": base64.b64encode(certificate).decode(),
        }
        if proxy_port is not None:
            cluster = {"server": f"http://127.0.0.1:{proxy_port}"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [
                {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}
            ],
            "current-context": "x",
        }
        path = self.folder / f"{token}-{proxy_port or 'direct'}.kubeconfig"
        path.write_text(yaml.safe_dump(document))
        return path

    def request(
        self, method: str, path: str, body: Mapping[str, Any], content_type: str
    ) -> dict[str, Any]:
        """Make a request as administrator that our own client has no word for."""
        with urllib3.PoolManager(ca_certs=str(self.certificate)) as pool:
            answer = pool.request(
                method,
                self.host + path,
                body=json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {ADMIN_TOKEN}",
                    "Content-Type": content_type,
                },
                timeout=20.0,
            )
        assert answer.status < 300, answer.data.decode()
        document: dict[str, Any] = json.loads(answer.data)
        return document

    def _keys(self) -> None:
        accounts = f"system:serviceaccount:{NAMESPACE}"
        groups = f"system:serviceaccounts,system:serviceaccounts:{NAMESPACE},system:authenticated"
        (self.folder / "tokens.csv").write_text(
            f"{ADMIN_TOKEN},admin,1,system:masters\n"
            f'{OPERATOR_TOKEN},{accounts}:{OPERATOR_ACCOUNT},2,"{groups}"\n'
            f'{INGRESS_TOKEN},{accounts}:{INGRESS_ACCOUNT},3,"{groups}"\n'
        )
        subprocess.run(
            ["openssl", "genrsa", "-out", self.folder / "accounts.key", "2048"],
            check=True,
            capture_output=True,
        )

    def _etcd_flags(self) -> list[str]:
        client = f"http://127.0.0.1:{self._etcd_port}"
        peer = f"http://127.0.0.1:{free_port()}"
        return [
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def _apiserver_flags(self) -> list[str]:
        key = self.folder / "accounts.key"
        return [
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder}/certs",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            # No controller makes service accounts here; pods are only ever written by the tests.
            "--disable-admission-plugins=ServiceAccount",
        ]

    def _run(self, name: str, *flags: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [str(BINARIES / name), *flags]
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def answer(self, path: str) -> str | None:
        """Return what a path says to the administrator; None where it says no or nothing."""
        if not self.certificate.is_file():
            return None
        pool = urllib3.PoolManager(ca_certs=str(self.certificate), retries=False)
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        try:
            answer = pool.request("GET", self.host + path, headers=headers, timeout=5.0)
        except urllib3.exceptions.HTTPError:
            return None
        finally:
            pool.clear()
        return answer.data.decode() if answer.status == 200 else None

    def _died(self) -> bool:
        return any(process.poll() is not None for process in self._processes.values())

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while self.answer("/readyz") is None:
            if time.monotonic() > end or self._died():
                tail = (self.folder / "kube-apiserver.log").read_text()[-2000:]
                raise RuntimeError(f"the API server did not come up:\n{tail}")
            time.sleep(0.25)


def chart_role() -> list[dict[str, Any]]:
    """Return what the chart lets operator and ingress do, as Helm renders it."""
    rendered = subprocess.run(
        [
            BINARIES / "helm", "template", "meninx", ROOT / "charts/meninx",
            "--kube-version", "v1.36.0", "--namespace", NAMESPACE,
            "--show-only", "templates/operator/rbac.yaml",
            "--show-only", "templates/ingress/rbac.yaml",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout  # fmt: skip
    documents = [document for document in yaml.safe_load_all(rendered) if document]
    for document in documents:
        if document["kind"] in {"Role", "RoleBinding"}:
            document["metadata"].setdefault("namespace", NAMESPACE)
    return documents


def definitions() -> list[dict[str, Any]]:
    """Return the CRDs of the repository."""
    return [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]


def clean(folder: Path) -> None:
    """Remove what the processes wrote."""
    shutil.rmtree(folder, ignore_errors=True)

"""The ingress as a process of its own, to be killed."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from tests.support.dicom_peers import LOOPBACK, free_port
from tests.support.make import NAMESPACE, PRIVACY_KEY

_KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: none, user: {}}]
"""

SIGNING_KEY = b"the-tests-sign-with-this-key"


@dataclass
class IngressProcess:
    """One life of the ingress."""

    process: subprocess.Popen[bytes]
    dicom_port: int
    web_port: int
    log: Path

    def kill(self) -> None:
        """Kill it as the kernel does: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)

    def peak_memory_bytes(self) -> int:
        """Return the most memory that it held so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


def _environment(
    folder: Path, dicom_port: int, web_port: int, kubeconfig: Path | None
) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kubeconfig").write_text(kubeconfig.read_text() if kubeconfig else _KUBECONFIG)
    (folder / "privacy").write_bytes(PRIVACY_KEY)
    (folder / "signing").write_bytes(SIGNING_KEY)
    return {
        "PATH": os.environ["PATH"],
        "KUBECONFIG": str(folder / "kubeconfig"),
        "MENINX_NAMESPACE": NAMESPACE,
        "MENINX_DATA": str(folder / "data"),
        "MENINX_PRIVACY_KEY_FILE": str(folder / "privacy"),
        "MENINX_SIGNING_KEY_FILE": str(folder / "signing"),
        "MENINX_DICOM_PORT": str(dicom_port),
        "MENINX_WEB_PORT": str(web_port),
    }


def _wait_until_ready(ingress: IngressProcess) -> None:
    url = f"http://{LOOPBACK}:{ingress.web_port}/readyz"
    until = time.monotonic() + 40
    while time.monotonic() < until and ingress.process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"ingress is not ready: {ingress.log.read_text()}")


@contextmanager
def ingress_process(
    folder: Path, kubeconfig: Path | None = None, **environment: str
) -> Iterator[IngressProcess]:
    """Run the ingress on `folder`; it is dead after. Without a kubeconfig the API server is away."""
    dicom_port, web_port = free_port(), free_port()
    environment = _environment(folder, dicom_port, web_port, kubeconfig) | environment
    log = folder / "log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("meninx"), "ingress"], env=environment, stderr=stderr
        )
    ingress = IngressProcess(process, dicom_port, web_port, log)
    try:
        _wait_until_ready(ingress)
        yield ingress
    finally:
        process.kill()
        process.wait()

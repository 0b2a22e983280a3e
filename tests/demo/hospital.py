"""The hospital: Orthanc as the PACS, dcmtk's storescu as the scanner, both in the cluster."""

import io
import json
import re
import subprocess
import tarfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.demo.shell import ROOT, DemoFailed
from tests.demo.target import Target

NAMESPACE = "hospital"
PACS = {"name": "pacs", "aeTitle": "PACS", "host": f"pacs.{NAMESPACE}.svc", "port": 4242}
MANIFEST = ROOT / "tests/hospital/hospital.yaml"


@dataclass(frozen=True)
class Sent:
    """How a study went out."""

    success: int
    """Number of images that got "success"."""
    last_response: float
    """Unix time of the last C-STORE response, on this machine's clock."""
    said: str


def build(target: Target, image: str) -> None:
    """Have the PACS and the scanner running."""
    target.kubectl("apply", "-f", "-", stdin=MANIFEST.read_text().replace("IMAGE", image))
    for name in ("pacs", "scanner"):
        wait = ("rollout", "status", f"deployment/{name}", "--timeout=180s")
        target.kubectl("-n", NAMESPACE, *wait)


def _in_scanner(target: Target, *command: str) -> list[str]:
    kubectl = [target.tool("kubectl"), "--kubeconfig", str(target.kubeconfig), "-n", NAMESPACE]
    return [*kubectl, "exec", "-i", "deployment/scanner", "--", *command]


def put(target: Target, files: list[Path]) -> str:
    """Copy files onto the scanner and return their folder there."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in files:
            tar.add(path, arcname=path.name)
    folder = f"/tmp/{uuid.uuid4().hex[:8]}"
    unpack = _in_scanner(target, "sh", "-c", f"mkdir {folder} && tar -xf - -C {folder}")
    done = subprocess.run(unpack, input=archive.getvalue(), capture_output=True, check=False)
    if done.returncode != 0:
        raise DemoFailed(f"files could not be copied to the scanner: {done.stderr.decode()[-300:]}")
    return folder


def send(
    target: Target,
    folder: str,
    *,
    called: str = "MENINX",
    host: str,
    port: int = 11112,
    proposing: tuple[str, ...] = (),
) -> Sent:
    """Send a folder of the scanner with dcmtk's storescu; `proposing` are options of its association."""
    titles = ("-aet", "SCANNER", "-aec", called)
    storescu = ("storescu", "-v", *titles, *proposing, "+sd", host, str(port), folder)
    success, last, said = 0, time.time(), []
    with subprocess.Popen(
        _in_scanner(target, *storescu),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if "Received Store Response" in line:
                last = time.time()
                success += "Success" in line
    return Sent(success, last, "".join(said))


@dataclass(frozen=True)
class Pacs:
    """Orthanc's REST interface, through a forwarded port."""

    port: int

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())

    def instances(self, study_uid: str, modality: str) -> list[str]:
        """Return Orthanc's ids of a study's instances of one modality."""
        query = {"StudyInstanceUID": study_uid, "Modality": modality}
        return list(json.loads(self._ask("/tools/find", {"Level": "Instance", "Query": query})))

    def file(self, instance: str) -> bytes:
        """Return an instance as a DICOM file."""
        return self._ask(f"/instances/{instance}/file")


@contextmanager
def forwarded(target: Target, namespace: str, service: str, port: int) -> Iterator[int]:
    """Forward a local port to a service's port and yield it."""
    kubectl = [target.tool("kubectl"), "--kubeconfig", str(target.kubeconfig), "-n", namespace]
    with subprocess.Popen(
        [*kubectl, "port-forward", f"service/{service}", f":{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if not found:
                raise DemoFailed(f"service {service} can't be reached: {line.strip()}")
            yield int(found[1])
        finally:
            process.terminate()


@contextmanager
def pacs(target: Target) -> Iterator[Pacs]:
    """Reach the PACS from this machine."""
    with forwarded(target, NAMESPACE, "pacs", 8042) as port:
        yield Pacs(port)

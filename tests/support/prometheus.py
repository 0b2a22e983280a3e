"""A real Prometheus on loopback that scrapes each second, and what it answers."""

import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from tests.support.dicom_peers import LOOPBACK, free_port

_CONFIG: dict[str, Any] = {
    "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
}


@dataclass(frozen=True)
class Prometheus:
    """A server that runs."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; the server's own words where it refuses the query."""
        url = f"http://{LOOPBACK}:{self.port}/api/v1/{path}"
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", url, fields=parameters, timeout=10.0)
        document = json.loads(answer.data)
        assert document["status"] == "success", document.get("error")
        return document["data"]

    def values(self, expr: str) -> list[float]:
        """Return the values that a query has now; those that are no number are left out."""
        found = self.ask("query", query=expr)["result"]
        return [value for one in found if not math.isnan(value := float(one["value"][1]))]

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules as the server evaluated them last."""
        (group,) = self.ask("rules")["groups"]
        found: list[dict[str, Any]] = group["rules"]
        return found

    def up(self) -> bool:
        """Tell whether all targets have been scraped well."""
        targets = self.ask("targets")["activeTargets"]
        return bool(targets) and all(one["health"] == "up" for one in targets)


def _configured(folder: Path, ports: Mapping[str, int], rules: Sequence[Path]) -> Path:
    scraped = [
        {"job_name": name, "static_configs": [{"targets": [f"{LOOPBACK}:{port}"]}]}
        for name, port in ports.items()
    ]
    config = {**_CONFIG, "scrape_configs": scraped, "rule_files": [str(rule) for rule in rules]}
    path = folder / "prometheus.json"
    path.write_text(json.dumps(config))
    return path


def _wait_until_ready(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            server.ask("targets")
        except (urllib3.exceptions.HTTPError, ValueError, AssertionError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"Prometheus is not ready: {log.read_text()[-2000:]}")


@contextmanager
def prometheus(
    folder: Path, ports: Mapping[str, int], rules: Sequence[Path] = ()
) -> Iterator[Prometheus]:
    """Run a server that scrapes these ports of loopback, by name of the scrape job."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.fail("prometheus is not there: run make packages as root")
    folder.mkdir(parents=True, exist_ok=True)
    server, log = Prometheus(free_port()), folder / "log"
    command = [
        binary, f"--config.file={_configured(folder, ports, rules)}",
        f"--storage.tsdb.path={folder}/data", f"--web.listen-address={LOOPBACK}:{server.port}",
    ]  # fmt: skip
    with log.open("ab") as stderr:
        process = subprocess.Popen(command, stdout=stderr, stderr=stderr)
    try:
        _wait_until_ready(server, process, log)
        yield server
    finally:
        process.kill()
        process.wait()

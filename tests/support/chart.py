"""Rendering the chart with the helm of the one-node cluster."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/meninx"
HELM = ROOT / ".cache/cluster/bin/helm"
PACS = {"name": "pacs", "aeTitle": "PACS", "host": "pacs.test", "port": 4242}

Manifest = dict[str, Any]


def helm(*arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm; the values go in as a file on standard input."""
    given = ["--values", "-"] if values is not None else []
    return subprocess.run(
        [str(HELM), *arguments, *given],
        input=json.dumps(values) if values is not None else None,
        capture_output=True,
        text=True,
        check=False,
    )


def template(values: dict[str, Any] | None = None, *flags: str) -> subprocess.CompletedProcess[str]:
    """Render the chart as release and namespace `meninx`."""
    words = ("template", "meninx", str(CHART), "-n", "meninx", "--kube-version", "v1.36.0")
    return helm(*words, *flags, values=values or {})


def render(values: dict[str, Any] | None = None) -> list[Manifest]:
    """Return the rendered manifests."""
    done = template(values)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Return the manifests of a kind by name."""
    return {m["metadata"]["name"]: m for m in manifests if m["kind"] == kind}


def seeded(manifests: list[Manifest]) -> list[Manifest]:
    """Return the resources that the chart's job applies."""
    text = of_kind(manifests, "ConfigMap")["meninx-setup"]["data"]["resources.yaml"]
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def pod_specs(manifests: list[Manifest]) -> dict[str, Any]:
    """Return the pod spec of each workload by kind."""
    return {
        manifest["kind"]: manifest["spec"]["template"]["spec"]
        for manifest in manifests
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}
    }

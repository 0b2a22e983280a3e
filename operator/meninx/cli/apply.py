"""`meninx apply`: the resources of a file into the namespace, and away with those no longer named."""

import argparse
import os
from pathlib import Path
from typing import Any

import yaml

from meninx.base.errors import BadInput
from meninx.base.settings import Environment
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import AIMODEL, AIPIPELINE, DICOMNODE, STUDYROUTE, Kind
from meninx.resources import names

KINDS: dict[str, Kind] = {kind.kind: kind for kind in (DICOMNODE, AIMODEL, AIPIPELINE, STUDYROUTE)}
"""What may be applied, in the order in which it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="YAML of resources")
    parser.add_argument("--namespace", help="namespace; default is MENINX_NAMESPACE")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="delete what an earlier run applied and these files no longer name",
    )


def run(args: argparse.Namespace) -> int:
    """Apply, then prune."""
    namespace = args.namespace or Environment(os.environ).text("MENINX_NAMESPACE")
    wanted = [manifest for path in args.files for manifest in read(path)]
    for line in apply_all(KubeApi.connect(), namespace, wanted, prune=args.prune):
        print(line, flush=True)
    return 0


def read(path: Path) -> list[dict[str, Any]]:
    """Return the manifests of a YAML file; BadInput names the one that is not of our kinds."""
    try:
        manifests = [m for m in yaml.safe_load_all(path.read_text()) if m]
    except (OSError, yaml.YAMLError) as error:
        raise BadInput(f"{path.name} can't be read as YAML: {error}") from error
    for manifest in manifests:
        if not isinstance(manifest, dict) or manifest.get("kind") not in KINDS:
            raise BadInput(f"{path.name}: only {', '.join(KINDS)} can be applied")
    return manifests


def apply_all(api: Api, namespace: str, wanted: list[dict[str, Any]], *, prune: bool) -> list[str]:
    """Server-side apply each manifest and return what was done, a line each."""
    done = []
    for kind in KINDS.values():
        ours = [_marked(m, namespace) for m in wanted if m["kind"] == kind.kind]
        for manifest in ours:
            api.apply(kind, manifest, manager=names.FIELD_MANAGER_SETUP)
            done.append(f"applied {kind.kind} {manifest['metadata']['name']}")
        if prune:
            kept = {manifest["metadata"]["name"] for manifest in ours}
            done += _pruned(api, namespace, kind, kept)
    return done


def _marked(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = manifest["metadata"]
    labels = {**metadata.get("labels", {}), names.LABEL_MANAGED: names.FIELD_MANAGER_SETUP}
    return {**manifest, "metadata": {**metadata, "namespace": namespace, "labels": labels}}


def _pruned(api: Api, namespace: str, kind: Kind, kept: set[str]) -> list[str]:
    marked = {names.LABEL_MANAGED: names.FIELD_MANAGER_SETUP}
    gone = [
        item["metadata"]["name"]
        for item in api.list(kind, namespace, labels=marked)
        if item["metadata"]["name"] not in kept
    ]
    for name in gone:
        api.delete(kind, namespace, name)
    return [f"removed {kind.kind} {name}" for name in gone]

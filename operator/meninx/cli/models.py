"""`meninx models`: what can be run here."""

import argparse
import json

from meninx.local.models import LocalModel, find_models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON for a script")


def _facts(model: LocalModel) -> dict[str, object]:
    spec = model.manifest.spec
    return {
        "name": model.name,
        "version": spec.version,
        "title": spec.title or model.name,
        "image": spec.image,
        "weightsSha256": spec.weights.sha256 if spec.weights else None,
        "channels": [channel.name for channel in spec.channels],
        "labels": [label.name for label in spec.labels],
    }


def run(args: argparse.Namespace) -> int:
    """List the models."""
    found = [_facts(model) for model in find_models()]
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"{'NAME':24} {'VERSION':10} {'LABELS':24} {'WEIGHTS':14} IMAGE")
    for facts in found:
        labels = ", ".join(map(str, facts["labels"]))  # type: ignore[call-overload]
        weights = str(facts["weightsSha256"] or "-")[:12]
        print(f"{facts['name']:24} {facts['version']:10} {labels:24} {weights:14} {facts['image']}")
    return 0

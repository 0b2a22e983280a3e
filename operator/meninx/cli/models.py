"""`meninx models`: what can be run here."""

import argparse
import json
from dataclasses import asdict

from meninx.local.engines import EngineRow, chosen, engines_of
from meninx.local.models import LocalModel, find_models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", nargs="?", choices=["list"], default="list", help="what to do")
    parser.add_argument("--json", action="store_true", help="print JSON for a script")


def _facts(model: LocalModel, engines: tuple[EngineRow, ...]) -> dict[str, object]:
    spec = model.manifest.spec
    return {
        "name": model.name,
        "version": spec.version,
        "title": spec.title or model.name,
        "image": spec.image,
        "weightsSha256": spec.weights.sha256 if spec.weights else None,
        "channels": [channel.name for channel in spec.channels],
        "labels": [label.name for label in spec.labels],
        "engine": chosen(engines),
        "engines": [asdict(row) for row in engines],
    }


def run(args: argparse.Namespace) -> int:
    """List the models, and on what they would run here."""
    models = [(model, engines_of(model)) for model in find_models()]
    found = [_facts(model, engines) for model, engines in models]
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"{'NAME':24} {'VERSION':10} {'LABELS':24} {'WEIGHTS':14} {'ENGINE':16} IMAGE")
    for facts in found:
        labels = ", ".join(map(str, facts["labels"]))  # type: ignore[call-overload]
        weights = str(facts["weightsSha256"] or "-")[:12]
        print(
            f"{facts['name']:24} {facts['version']:10} {labels:24} {weights:14} "
            f"{facts['engine']:16} {facts['image']}"
        )
    for model, engines in models:
        if engines:
            _print_engines(model.name, engines)
    return 0


def _print_engines(name: str, engines: tuple[EngineRow, ...]) -> None:
    print(f"\nEngines for {name} on this machine:")
    for row in engines:
        print(f"  {row.engine:12} {row.device:4} {row.precision:5} {row.verdict:8} {row.why}")

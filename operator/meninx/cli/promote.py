"""`meninx promote MODEL`: routes run this version of its model from now on, forward or back."""

import argparse
from collections.abc import Mapping
from typing import Any

from meninx.base.errors import BadInput, NotFound
from meninx.cli.output import add_namespace, namespace
from meninx.controller.training.hands import promote
from meninx.controller.training.register import current_of, head_of, quality_of
from meninx.kube.client import Api, KubeApi
from meninx.kube.kinds import AIMODEL

Manifest = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="AIModel that routes are to run in place of its model's current version; the model "
        "that routes name itself takes them back to it",
    )
    add_namespace(parser)
    parser.add_argument(
        "--only-if-current", metavar="MODEL", help="refuse where another version is current by now"
    )


def run(args: argparse.Namespace) -> int:
    """Promote it; print what was current and how to go back."""
    for line in promoted(
        KubeApi.connect(), namespace(args), args.model, expected=args.only_if_current
    ):
        print(line, flush=True)
    return 0


def promoted(api: Api, where: str, name: str, *, expected: str | None = None) -> list[str]:
    """Make a version the current one; return what to say, a line each.

    Raises NotFound where it or its model is not there, BadInput where another one is current than
    `expected`.
    """
    version = _read(api, where, name)
    head = _read(api, where, head_of(version))
    model, before = str(head["metadata"]["name"]), current_of(head)
    if expected is not None and before != expected:
        raise BadInput(f"the current version of AIModel {model} is {before}, not {expected}")
    if before == name:
        return [f"AIModel {name} is the current version of {model} already"]
    promote(api, where, model, name, resourceVersion=head["metadata"]["resourceVersion"])
    old = api.get(AIMODEL, where, before)
    return [
        f"routes that name AIModel {model} run {name} from now on ({_figure(version)}); "
        f"before it was {before} ({_figure(old)})",
        f"back: meninx promote {before}",
    ]


def _read(api: Api, where: str, name: str) -> Manifest:
    found = api.get(AIMODEL, where, name)
    if found is None:
        raise NotFound(
            f"AIModel {name} does not exist in namespace {where}: kubectl -n {where} get aim -o wide"
        )
    return found


def _figure(model: Manifest | None) -> str:
    quality = quality_of(model)
    return "not measured" if quality is None else f"Dice {quality.dice:.3f}"

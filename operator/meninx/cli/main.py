"""The front door: one module per command, loaded only when that command is asked for."""

import argparse
import importlib
import sys

from meninx import __version__
from meninx.base.errors import MeninxError

COMMANDS = {
    "run": "run a model on a folder of DICOM, without a cluster",
    "prepare": "write what a model container would get for a folder of DICOM",
    "phantom": "make a head with simulated meningiomas as a DICOM series",
    "models": "list the models that can be run here",
    "train": "train a model by a plan on a data set, on this machine",
    "evaluate": "measure exported weights on a data set with labels",
    "compare": "models side by side on one test set, as a table and a figure",
    "top": "GPUs, what runs, and what waits for its turn",
    "explain": "why a job waits or failed, and what to do",
    "logs": "what all steps of a job have written, in order",
    "retry": "make a new job that repeats one that has ended",
    "promote": "let routes run a version of a model, forward or back",
    "operator": "the operator (in its pod)",
    "ingress": "the DICOM ingress with its store (in its pod)",
    "fetch": "the first step of a job's pod",
    "collect": "the first step of the pod of a training that learns from the store",
    "gate": "before a step of a pipeline that has a condition",
    "weights": "brings the weights of a step before it runs",
    "deliver": "the last step of a job's pod",
    "apply": "apply models, routes and nodes of a file (in the chart's job)",
    "crds": "print or write the custom resource definitions",
}
"""Each command is a module `meninx.cli.<name>` with `add_arguments(parser)` and `run(args) -> int`."""


def _parser(command: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meninx", description="Imaging AI on hospital studies.")
    parser.add_argument("--version", action="version", version=f"meninx {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == command:
            importlib.import_module(f"meninx.cli.{name}").add_arguments(sub)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; errors of ours become one line on standard error and their exit code."""
    words = sys.argv[1:] if argv is None else argv
    command = next((word for word in words if not word.startswith("-")), None)
    args = _parser(command).parse_args(words)
    module = importlib.import_module(f"meninx.cli.{args.command}")
    try:
        return int(module.run(args))
    except MeninxError as error:
        print(f"meninx {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130

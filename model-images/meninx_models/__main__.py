"""`python -m meninx_models run | fit | train | ...`; torch is loaded only where needed."""

import argparse
import json
import os
import sys
from pathlib import Path

IMAGE_WEIGHTS = Path("/opt/model/weights")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meninx_models", description="Models that segment.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="segment one head, by the container contract")
    run.add_argument("--config", type=Path, help="config.yaml of a model; weights lie beside it")
    run.add_argument("--weights", type=Path, help="folder with model.onnx and model.json")
    engines = commands.add_parser("engines", help="what could run a model here, and what would")
    engines.add_argument("--weights", type=Path, help="folder with model.onnx and model.json")
    fit = commands.add_parser("fit", help="train by a plan on a data set, or go on")
    for name, variable in (("plan", "PLAN"), ("data", "DATA"), ("out", "OUTPUT")):
        given = os.environ.get(f"MENINX_{variable}")
        fit.add_argument(
            f"--{name}", type=Path, default=given, required=given is None,
            help=f"without it MENINX_{variable}",
        )  # fmt: skip
    measure = commands.add_parser("measure", help="score exported weights on a data set")
    for name in ("weights", "data", "out"):
        measure.add_argument(f"--{name}", type=Path, required=True)
    measure.add_argument("--split", choices=["train", "validation", "test"])
    compare = commands.add_parser("compare", help="hold models against each other")
    compare.add_argument("evaluations", type=Path, nargs="+")
    compare.add_argument("--out", type=Path, required=True)
    for name, summary in (
        ("train", "train a model from its config.yaml, or go on where it stopped"),
        ("evaluate", "measure an exported model on test heads and write its card"),
        ("export", "turn trained weights into the graph that the image runs, and check it"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("--config", type=Path, required=True, help="config.yaml of a model")
        command.add_argument("--cache", type=Path, required=True, help="folder for what is made")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    return COMMANDS[args.command](args)


def _run(args: argparse.Namespace) -> int:
    from meninx_models.infer.run import run

    beside = args.config.parent / "weights" if args.config else IMAGE_WEIGHTS
    return run(args.weights or beside, os.environ)


def _engines(args: argparse.Namespace) -> int:
    """Say it as JSON: `meninx models` reads it."""
    from meninx_models.infer.choice import FIELDS, table, wanted_from
    from meninx_models.infer.found import look

    rows = table(look(args.weights), wanted_from(os.environ))
    print(json.dumps([dict(zip(FIELDS, row, strict=True)) for row in rows]))  # noqa: T201
    return 0


def _measure(args: argparse.Namespace) -> int:
    from meninx_models.evaluate.measure import measure

    return measure(args.weights, args.data, args.out, args.split)


def _compare(args: argparse.Namespace) -> int:
    from meninx_models.evaluate.compare import compare

    return compare(args.evaluations, args.out)


def _train(args: argparse.Namespace) -> int:
    from meninx_models.train.command import train

    return train(args.config, args.cache)


def _evaluate(args: argparse.Namespace) -> int:
    from meninx_models.evaluate.command import evaluate

    return evaluate(args.config, args.cache)


def _export(args: argparse.Namespace) -> int:
    from meninx_models.export import export

    return export(args.config, args.cache)


def _fit(args: argparse.Namespace) -> int:
    """Look at plan and data in the first process, without torch; then train."""
    from meninx_models.train.planning import look_first, told_again

    first = os.environ.get("RANK", "0") == "0"
    alone = os.environ.get("WORLD_SIZE", "1") == "1"
    if alone and told_again(args.out):
        return 0
    looked = look_first(args.plan, args.data, args.out) if first else 0
    if looked and alone:
        return looked
    from meninx_models.train.fit import fit

    return fit(args.data, args.out, looked)


COMMANDS = {
    "run": _run,
    "engines": _engines,
    "fit": _fit,
    "measure": _measure,
    "compare": _compare,
    "train": _train,
    "evaluate": _evaluate,
    "export": _export,
}


if __name__ == "__main__":
    sys.exit(main())

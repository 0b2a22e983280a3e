"""`python -m meninx_models run | fit | train | ...`; torch is loaded only where needed."""

import argparse
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
    fit = commands.add_parser("fit", help="train by a plan on a data set, or go on")
    for name, variable in (("plan", "PLAN"), ("data", "DATA"), ("out", "OUTPUT")):
        given = os.environ.get(f"MENINX_{variable}")
        fit.add_argument(
            f"--{name}", type=Path, default=given, required=given is None,
            help=f"without it MENINX_{variable}",
        )  # fmt: skip
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
    if args.command == "run":
        from meninx_models.infer.run import run

        beside = args.config.parent / "weights" if args.config else IMAGE_WEIGHTS
        return run(args.weights or beside, os.environ)
    if args.command == "fit":
        return _fit(args.plan, args.data, args.out)
    if args.command == "train":
        from meninx_models.train.command import train

        return train(args.config, args.cache)
    if args.command == "export":
        from meninx_models.export import export

        return export(args.config, args.cache)
    from meninx_models.evaluate.command import evaluate

    return evaluate(args.config, args.cache)


def _fit(plan: Path, data: Path, out: Path) -> int:
    """Look at plan and data in the first process, without torch; then train."""
    from meninx_models.train.planning import look_first

    looked = look_first(plan, data, out) if os.environ.get("RANK", "0") == "0" else 0
    if looked and os.environ.get("WORLD_SIZE", "1") == "1":
        return looked
    from meninx_models.train.fit import fit

    return fit(data, out, looked)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m meninx_models run | train | evaluate | export`; torch is loaded only where needed."""

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
    if args.command == "train":
        from meninx_models.train.command import train

        return train(args.config, args.cache)
    if args.command == "export":
        from meninx_models.export import export

        return export(args.config, args.cache)
    from meninx_models.evaluate.command import evaluate

    return evaluate(args.config, args.cache)


if __name__ == "__main__":
    sys.exit(main())

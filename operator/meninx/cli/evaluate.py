"""`meninx evaluate`: exported weights against a data set with labels."""

import argparse
from pathlib import Path

from meninx.base.errors import BadInput
from meninx.cli.train import add_dicom_arguments, as_pairs
from meninx.local.training import start, training_python


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--weights", type=Path, required=True, help="folder with model.onnx and model.json"
    )
    parser.add_argument("--data", type=Path, required=True, help="a data set, as for meninx train")
    parser.add_argument("--out", type=Path, required=True, help="folder for evaluation.json")
    add_dicom_arguments(parser)
    parser.add_argument(
        "--split", choices=["train", "validation", "test"], help="only this part of its splits.json"
    )


def run(args: argparse.Namespace) -> int:
    """Measure the weights and write evaluation.json."""
    training_python()
    if not (args.weights / "model.onnx").is_file():
        raise BadInput(f"{args.weights} holds no model.onnx: give the weights folder of a run")
    data = as_pairs(args)
    words = ["measure", "--weights", args.weights, "--data", data, "--out", args.out]
    return start([*words, "--split", args.split] if args.split else words)

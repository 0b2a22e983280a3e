"""`meninx train`: a model from a plan and a data set, on this machine."""

import argparse
import sys
from pathlib import Path

from meninx.base.errors import BadInput
from meninx.local.pairs import holds_dicom, write_pairs
from meninx.local.training import start, training_python


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--plan", type=Path, required=True, help="plan.yaml: what to train, and how"
    )
    parser.add_argument(
        "--data", type=Path, required=True,
        help="images/ and labels/ of NIfTI files, BraTS-MEN's folders, arrays of meninx phantom, "
        "or one folder a subject with a DICOM series and its segmentation",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; goes on there")
    parser.add_argument("--processes", type=int, default=1, help="one for each GPU, by torchrun")


def run(args: argparse.Namespace) -> int:
    """Train, or go on where the run in that folder was cut off."""
    training_python()
    for given in (args.plan, args.data):
        if not given.exists():
            raise BadInput(f"{given} does not exist")
    data = as_pairs(args.data, args.out / "pairs")
    words = ["fit", "--plan", args.plan, "--data", data, "--out", args.out]
    return start(words, processes=args.processes)


def as_pairs(data: Path, out: Path) -> Path:
    """Return a data set that training reads: DICOM is made into NIfTI pairs first."""
    if not data.is_dir() or not holds_dicom(data):
        return data
    for subject in write_pairs(data, out):
        print(f"{subject}: a pair of NIfTI files from its DICOM", file=sys.stderr)
    return out

"""`meninx train`: a model from a plan and a data set, on this machine."""

import argparse
import sys
from pathlib import Path

from meninx.base.errors import BadInput
from meninx.local.pairs import holds_dicom, wanted, write_pairs
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
    add_dicom_arguments(parser)
    parser.add_argument("--processes", type=int, default=1, help="one for each GPU, by torchrun")


def run(args: argparse.Namespace) -> int:
    """Train, or go on where the run in that folder was cut off."""
    training_python()
    for given in (args.plan, args.data):
        if not given.exists():
            raise BadInput(f"{given} does not exist")
    data = as_pairs(args)
    words = ["fit", "--plan", args.plan, "--data", data, "--out", args.out]
    return start(words, processes=args.processes)


def add_dicom_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which segments of a data set of DICOM count."""
    parser.add_argument(
        "--segment", action="append", default=[], metavar="LABEL|SCHEME:VALUE",
        help="of DICOM: a segment that counts, by its label or its code; all of them if none is given",
    )  # fmt: skip
    parser.add_argument(
        "--allow-automatic",
        action="store_true",
        help="of DICOM: take segments that no person has drawn or corrected too",
    )


def as_pairs(args: argparse.Namespace) -> Path:
    """Return a data set that training reads: DICOM is made into NIfTI pairs first."""
    data: Path = args.data
    if not data.is_dir() or not holds_dicom(data):
        return data
    out: Path = args.out / "pairs"
    want = wanted(args.segment, allow_automatic=args.allow_automatic)
    for subject, became in write_pairs(data, out, want):
        print(f"{subject}: {became}", file=sys.stderr)
    return out

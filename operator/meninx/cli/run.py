"""`meninx run`: a model on a folder of DICOM, without a cluster."""

import argparse
import json
from pathlib import Path

from meninx.base.clock import SystemClock
from meninx.local.models import find_model
from meninx.local.run import FILES, WARNING, Run, run_study, volumes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("study", type=Path, metavar="STUDY_DIR", help="folder of DICOM files")
    parser.add_argument(
        "--model", default="unet-meningioma", help="model to run; see meninx models"
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder to write to")
    parser.add_argument("--json", action="store_true", help="print result.json for a script")


def run(args: argparse.Namespace) -> int:
    """Run the model and print what it found; a healthy study is a result too."""
    done = run_study(args.study, find_model(args.model), args.out, clock=SystemClock())
    if args.json:
        print(json.dumps(done.document, indent=2))
    else:
        _say(done, args.out)
    return 0


def _say(done: Run, out: Path) -> None:
    print("\n".join(done.choice.lines()))
    seconds = done.document["seconds"]
    print(f"found: {volumes(done.document)}")
    print(f"took {sum(seconds.values()):.1f} s, of these the model {seconds['model']:.1f} s")
    for name in FILES:
        if (out / name).is_file():
            print(f"wrote {out / name}")
    print(WARNING)

"""`meninx prepare`: what a model container would get for a folder of DICOM, and why that series."""

import argparse
import json
from pathlib import Path

from meninx.local.choice import choose_series
from meninx.local.models import find_model
from meninx.steps.folder import read_study
from meninx.steps.prepare import prepare
from meninx.steps.workspace import write_json

CHOICE_FILE = "choice.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("study", type=Path, metavar="STUDY_DIR", help="folder of DICOM files")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to: MENINX_INPUT")
    parser.add_argument("--model", default="unet-meningioma", help="model whose channels are made")
    parser.add_argument("--json", action="store_true", help="print choice.json and study.json")


def run(args: argparse.Namespace) -> int:
    """Choose the series, say why, and write the channels, study.json and choice.json."""
    model = find_model(args.model)
    study = read_study(args.study)
    choice = choose_series(study, model.manifest)
    document = choice.document()
    write_json(args.out / CHOICE_FILE, document)
    if not args.json:
        print("\n".join(choice.lines()))
    prepared = prepare(study.files(), choice.channels(), args.out)
    if args.json:
        print(json.dumps({"choice": document, "study": prepared.study}, indent=2))
        return 0
    for done in prepared.channels:
        print(f"wrote {done.file}: {done.stack.grid!r}")
    return 0

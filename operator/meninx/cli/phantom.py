"""`meninx phantom`: heads with simulated meningiomas, as DICOM with ground truth or as arrays."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meninx.base.errors import BadInput
from meninx.phantom.lesion import LARGEST_MM, SMALLEST_MM, LesionRange
from meninx.phantom.motion import BREATHING, KINDS, motion_of
from meninx.phantom.pool import Kind, write_pool
from meninx.phantom.scanner import PLANES_LPS, Acquisition
from meninx.phantom.series import slices, uid, write_series
from meninx.phantom.simulate import Phantom, simulate
from meninx.phantom.template import load_template
from meninx.phantom.truth import measure, truth_seg, write_nifti
from meninx.phantom.unseen import draw_unseen_acquisition, load_unseen

OBLIQUE_DEGREES = (8.0, 5.0, -6.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seed", type=int, required=True, help="decides everything; 0 or more")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--lesions", type=int, default=1, help="how many meningiomas (0: healthy)")
    parser.add_argument(
        "--lesion-mm", default=f"{SMALLEST_MM:g}..{LARGEST_MM:g}", metavar="LOW..HIGH",
        help="longest diameter, such as 20..45 or 12",
    )  # fmt: skip
    parser.add_argument("--plane", choices=[*PLANES_LPS, "oblique"], default="axial")
    parser.add_argument(
        "--spacing", default="1,1,1", metavar="COLUMN,ROW,SLICE", help="voxel edges in mm"
    )
    parser.add_argument("--noise", type=float, default=0.02, help="share of white matter's signal")
    parser.add_argument(
        "--motion-mm",
        type=float,
        default=0.0,
        help="how far the patient moves, and as many degrees",
    )
    parser.add_argument("--motion", choices=KINDS, default=BREATHING, help="how the patient moves")
    parser.add_argument(
        "--phase-axis", type=int, choices=(0, 1, 2), default=0,
        help="axis of phase encoding: column, row, slice",
    )  # fmt: skip
    parser.add_argument(
        "--arrays", type=int, metavar="N",
        help="write N heads from this seed on as .npz for training, all else drawn from the seed",
    )  # fmt: skip
    parser.add_argument(
        "--unseen", action="store_true",
        help="with --arrays: another person's head and other acquisitions, to measure models on",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=int, default=1, help="with --arrays: how many make heads (0.6 GiB each)"
    )
    parser.add_argument("--json", action="store_true", help="print the facts as JSON")


def run(args: argparse.Namespace) -> int:
    """Make one phantom, or a pool of arrays."""
    if args.processes < 1:
        raise BadInput(f"--processes {args.processes}: give 1 or more")
    if args.seed < 0 or args.lesions < 0:
        raise BadInput("--seed and --lesions can't be negative: give 0 or more")
    if args.arrays is not None:
        if args.motion_mm:
            raise BadInput("--motion-mm with --arrays: heads for training lie still")
        return _pool(args)
    if args.unseen:
        raise BadInput("--unseen is for pools of heads: give --arrays N too")
    phantom = simulate(
        load_template(),
        args.seed,
        lesions=args.lesions,
        asked=lesion_range(args.lesion_mm),
        acquisition=_acquisition(args),
        motion=motion_of(args.motion, args.motion_mm, args.phase_axis),
    )
    facts = write(phantom, args.out, lesions_asked=args.lesions)
    print(json.dumps(facts, indent=2) if args.json else _summary(facts, args.out))
    return 0


def write(phantom: Phantom, folder: Path, *, lesions_asked: int) -> dict[str, Any]:
    """Write series, truth and facts; return the facts."""
    folder.mkdir(parents=True, exist_ok=True)
    images = slices(phantom, lesions_asked=lesions_asked)
    paths = list(write_series(images, folder / "dicom"))
    write_nifti(phantom, folder / "truth.nii.gz")
    truth_seg(phantom, images).save_as(folder / "truth.seg.dcm", enforce_file_format=True)
    measured = measure(phantom)
    facts = {
        "seed": phantom.seed,
        "study_instance_uid": uid(phantom, lesions_asked, "study"),
        "series_instance_uid": uid(phantom, lesions_asked, "series"),
        "images": len(paths),
        "spacing_mm": [round(value, 4) for value in phantom.grid.spacing_mm],
        "acquisition": asdict(phantom.acquisition),
        "volume_ml": round(sum(lesion.volume_ml for lesion in measured), 4),
        "lesions": [asdict(lesion) for lesion in measured],
        "grown": [asdict(lesion) for lesion in phantom.lesions],
    }
    if phantom.motion is not None:
        facts["motion"] = asdict(phantom.motion)
    (folder / "phantom.json").write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def lesion_range(text: str) -> LesionRange:
    """Read `LOW..HIGH` or one number. Raises BadInput outside 3 to 60 mm."""
    low, _, high = text.partition("..")
    try:
        asked = LesionRange(float(low), float(high or low))
    except ValueError as error:
        raise BadInput(f"--lesion-mm {text}: give a range such as 20..45") from error
    if not SMALLEST_MM <= asked.low_mm <= asked.high_mm <= LARGEST_MM:
        raise BadInput(f"--lesion-mm {text}: lesions have {SMALLEST_MM:g} to {LARGEST_MM:g} mm")
    return asked


def _acquisition(args: argparse.Namespace) -> Acquisition:
    try:
        column, row, step = (float(value) for value in args.spacing.split(","))
    except ValueError as error:
        raise BadInput(f"--spacing {args.spacing}: give three numbers such as 1,1,1.5") from error
    if not all(0.4 <= value <= 8 for value in (column, row, step)):
        raise BadInput(f"--spacing {args.spacing}: voxel edges are 0.4 to 8 mm")
    oblique = args.plane == "oblique"
    return Acquisition(
        "axial" if oblique else args.plane,
        (column, row, step),
        OBLIQUE_DEGREES if oblique else (0.0, 0.0, 0.0),
        noise=args.noise,
    )


def _pool(args: argparse.Namespace) -> int:
    kind = Kind(load_unseen, draw_unseen_acquisition) if args.unseen else Kind()
    seeds = range(args.seed, args.seed + args.arrays)
    pool = write_pool(args.out, seeds, kind, processes=args.processes)
    for number, path in enumerate(pool, start=1):
        print(f"{number}/{args.arrays} {path.name}", flush=True)
    return 0


def _summary(facts: dict[str, Any], folder: Path) -> str:
    sizes = ", ".join(
        f"{les['longest_mm']} mm {les['volume_ml']:.2f} mL" for les in facts["lesions"]
    )
    return f"{facts['images']} images in {folder / 'dicom'}; lesions: {sizes or 'none'}"

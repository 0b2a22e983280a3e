"""From an evaluation to the model card that lies beside the weights."""

from pathlib import Path
from typing import Any

from meninx_models.config import Plan
from meninx_models.data.report import Measured, report_text
from meninx_models.preprocess import BOX
from meninx_models.presets import DESCRIPTIONS
from meninx_models.recipe import Config, Stage

CARD = """# Model card: {title}

**Trained on phantoms. Not for clinical use, not a medical device.** No image of a patient was used
in training or in the test, so nothing here says how the model does on patients.

## What it is
{network}, preset `{preset}`,
that outlines meningiomas on T1-weighted MRI after gadolinium. In: one NIfTI head (`t1c.nii`). It is put
at 1 mm, RAS, into 256^3 around the head, intensities to [0, 1] by percentiles; out comes a label map on
the input's own grid (1 = meningioma). It runs on OpenVINO (bfloat16 where the CPU has it), {pass_over}.
Weights: SHA-256 `{sha}`.

## What it was trained on
{heads} simulated heads (`meninx phantom --arrays`), seeds {first} to {last}. All come from **one** real T1 head
(Colin 27, `ch2` in Debian's mricron-data, with skull), bent, scaled, mirrored and given another contrast,
with normal enhancement (venous sinuses, vessels, dura, choroid plexus, pituitary) and 0 to 3 simulated
meningiomas of 3 to 60 mm (convexity, skull base, falx, tentorium; a quarter heterogeneous, some with
necrosis, cleft, oedema, dural tail, mass effect). Three in ten heads are healthy. {stages}.
Seed {seed}; {shown}, {precision}, one CPU thread, averaged weights.

## How good it is
Measured on each acquisition's own grid, as the image runs. A lesion is found when 20 % of it is;
distances are between the surface of each found lesion and what was found of it. The threshold of
{threshold:g} was chosen on other heads ({chosen_on}), also outside training.

**Another template, other acquisitions**: {unseen_count} heads with seeds {unseen_first} to {unseen_last}{unseen_also}, made from the MNI152
linear average (152 persons; nothing of it was in training), with voxel edges, tilts, noise and shading that no head of
training has. The goals are held against these.

{unseen}

**The template of training**: {count} heads with seeds {test_first} to {test_last}, never used in training, each with its own drawn
acquisition (axial, sagittal, coronal, oblique; slices of 0.9 to 3 mm; noise 0.8 to 5 %).

{seen}
{parity}
## What limits it
{notes}- One template: one person's anatomy, one scanner's real texture; the neck below the foramen magnum is absent.
- Simulated lesions are simpler than real ones: no bone invasion, no plaque over a hemisphere, no
  lesion inside the orbit, no post-operative change, no other extra-axial tumour to tell apart.
- Lesions under 1 mL are missed more often, as the table says.
- Slices thicker than 3 mm, 2D spin echo, skull-stripped heads and images without gadolinium were not tried.
- `make train` and `make evaluate-models` repeat it with the same seeds and plan; another CPU may round otherwise.
"""
TABLE_HEAD = """
| largest lesion | heads | lesions | Dice mean | Dice median | average Hausdorff, mm | HD95, mm | recall | false lesions over 0.5 mL a head |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
""".strip()
RUN_CARD = """# Model card: {name} {version}

**Not a medical device.** The figures are those of one training on one data set; how the model does elsewhere has to be
measured there (`meninx evaluate`).

## What it is
Network `{network}`, trained for {epochs} epochs ({seconds:.0f} s), weights of epoch {best} (validation Dice {dice}).
Weights: SHA-256 `{sha}`. {where}

## What it was trained on
{data}
Plan: batch {batch}, loss `{loss}`, optimiser `{optimiser}` at {rate:g}, schedule `{schedule}`, seed {seed}, changed by
{changes}. Every field: `plan.resolved.yaml`; every case: `data-report.json`.

## How good it is
{heads} held-out heads (files: SHA-256 `{dataset}`), each on its own grid.

| largest lesion | heads | lesions | Dice mean | Dice median | average Hausdorff, mm | HD95, mm | recall | false lesions over 0.5 mL a head |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

Distances are between each found lesion and what was found of it. Healthy heads: {healthy}
"""
INPUTS = {
    "head": "In: a head, put on the image's canvas at {0} mm; the shipped image runs it.",
    "grid": "In: volumes on a grid of {1} voxels of {2:g} mm around their centre (`input.json`).",
}


def write_run_card(path: Path, plan: Plan, measured: Measured, metrics: dict[str, Any]) -> None:
    """Write the card of a training of one's own."""
    training, asked = metrics["training"], plan.input
    shape = " x ".join(map(str, getattr(asked, "shape", ())))
    text = RUN_CARD.format(
        name=plan.name,
        version=plan.version,
        network=plan.network,
        epochs=training["epochs"],
        seconds=training["seconds"],
        best=training["best_epoch"],
        dice=_number(training["best_validation_dice"], 3),
        sha=metrics["weights_sha256"],
        where=INPUTS[asked.kind].format(
            getattr(asked, "millimetres", 0), shape, getattr(asked, "spacing_mm", 0)
        ),
        data=report_text(measured),
        batch=plan.batch,
        loss=plan.loss.name,
        optimiser=plan.optimiser.name,
        rate=plan.optimiser.rate,
        schedule=plan.schedule.name,
        seed=plan.seed,
        changes=", ".join(item.name for item in plan.augmentation) or "nothing",
        heads=len(metrics["heads"]),
        dataset=metrics["quality"]["dataset"],
        rows="\n".join(_row(row) for row in metrics["rows"]),
        healthy=_healthy(metrics["healthy"]) if metrics["healthy"]["heads"] else "none.",
    )
    path.write_text(text)


def write_card(path: Path, config: Config, report: dict[str, Any]) -> None:
    """Write the card."""
    stages = ", then ".join(map(_stage, config.stages))
    text = CARD.format(
        title=path.parent.name,
        network=DESCRIPTIONS[config.preset],
        preset=config.preset,
        pass_over=_pass_over(config),
        precision="bfloat16" if config.bfloat16 else "float32",
        shown=_shown(config),
        chosen_on=config.chosen_on,
        sha=report["weights_sha256"],
        heads=config.heads,
        first=config.first_seed,
        last=config.first_seed + config.heads - 1,
        stages=f"Training took {stages}",
        seed=config.seed,
        threshold=config.threshold,
        notes="".join(f"- {note}\n" for note in config.notes),
        count=len(report["heads"]),
        test_first=config.test_first_seed,
        test_last=config.test_first_seed + config.test_heads - 1,
        unseen_count=len(report["unseen"]["heads"]),
        unseen_first=config.unseen_first_seed,
        unseen_last=config.unseen_first_seed + config.unseen_heads - 1,
        unseen_also=_also(config),
        unseen=_table(report["unseen"]),
        seen=_table(report),
        parity=_parity(report["parity"]),
    )
    path.write_text(text)


def _also(config: Config) -> str:
    if not config.unseen_also:
        return ""
    return f" (and {', '.join(map(str, config.unseen_also))}, so that a quarter is healthy)"


def _stage(stage: Stage) -> str:
    said = f"{stage.steps} steps at {stage.millimetres} mm"
    if stage.lesion_ml is None:
        return said
    least, most = stage.lesion_ml
    return f"{said} ({stage.lesion_ml_share:.0%} of them on heads with {least:g} to {most:g} mL of lesion)"


def _shown(config: Config) -> str:
    if config.window is None or _window_mm(config) == BOX:
        return "whole heads"
    return f"windows, {config.lesion_share:.0%} of them around a lesion where the head has one"


def _pass_over(config: Config) -> str:
    if config.window is None:
        return "one pass over the whole volume"
    mm, window = config.stages[-1].millimetres, _window_mm(config)
    size = " x ".join(map(str, window))
    if window == BOX:
        return (
            f"at {mm} mm, one pass over {size} mm around the head; a larger head is looked at by\n"
            "windows of that size, which overlap by a quarter"
        )
    return f"at {mm} mm, windows of {size} mm that overlap by a quarter and skip air"


def _window_mm(config: Config) -> tuple[int, ...]:
    return tuple(edge * config.stages[-1].millimetres for edge in config.window or ())


def _table(report: dict[str, Any]) -> str:
    rows = "\n".join(_row(row) for row in report["rows"])
    found = ", ".join(
        f"{item['name']}: {item['found']} of {item['lesions']}" for item in report["recall_by_size"]
    )
    refused = report.get("refused") or {}
    return (
        f"{TABLE_HEAD}\n{rows}\n\n"
        f"Lesions found, by their own size: {found}. Healthy heads: {_healthy(report['healthy'])}\n"
        f"Refused by the image, and counted as nothing found: {len(refused)} of {len(report['heads'])}"
        + "".join(f"; {seed}: {why.split('(')[0].strip()}" for seed, why in refused.items())
        + "."
    )


def _row(row: dict[str, Any]) -> str:
    cells = [row["name"], row["heads"], row["lesions"]]
    cells += [_number(row[key], 2) for key in ("dice_mean", "dice_median")]
    cells += [_number(row[key], 1) for key in ("average_hausdorff_mm", "hd95_mm")]
    cells += [_number(row[key], 2) for key in ("recall", "false_lesions_per_head")]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def _healthy(healthy: dict[str, Any]) -> str:
    return (
        f"{healthy['heads']}, of which {healthy['clean_heads']} with nothing found; "
        f"{_number(healthy['false_lesions_per_head'], 2)} false lesions over 0.5 mL a head, "
        f"the largest {healthy['largest_false_ml']:.1f} mL."
    )


def _parity(parity: dict[str, Any] | None) -> str:
    if parity is None:
        return ""
    return (
        "\nThe exported graph against eager torch in float32: logits within "
        f"{parity['window_logit']:.1e} on a window; on a whole head {parity['flipped_voxels']} voxels "
        f"flipped of {parity['head_voxels']} that are lesion (bfloat16: {parity['bf16_flipped_voxels']}).\n"
    )

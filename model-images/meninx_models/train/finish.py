"""After the last epoch: the best one is held against the held-out split, exported, and told."""

import json
from typing import Any

from meninx_models.card import write_run_card
from meninx_models.data.layouts import read_pair
from meninx_models.data.pairs import sha256_of_cases, unchanged
from meninx_models.data.report import in_split
from meninx_models.evaluate.heldout import quality_of, score_cases
from meninx_models.evaluate.summary import report_of
from meninx_models.train import weights
from meninx_models.train.curves import draw_curves
from meninx_models.train.planning import METRICS_FILE, WEIGHTS_FILE, end_of
from meninx_models.train.run import Run
from meninx_models.train.state import State
from meninx_models.train.telling import tell_end

CURVES_FILE, CARD_FILE = "curves.png", "MODEL_CARD.md"


def finish(run: Run, state: State) -> None:
    """Write curves, weights and the held-out split's figures, and tell the end."""
    measured = run.planned.measured
    draw_curves(run.folder / CURVES_FILE, state.history, state.best_epoch)
    network = weights.best_of(run.plan, run.folder)
    test = in_split(measured, "test")
    found_on = weights.predictor(run.plan, network)
    cases = [unchanged(run.planned.files[item.case], item) for item in test]
    scores = list(score_cases(found_on, cases, measured.labels.lesion))
    report = report_of(scores)
    quality = quality_of(report, sha256_of_cases(test))
    report["summary"] = {name: report["summary"][name] for name in run.plan.metrics}
    exported = weights.export(
        run.plan, network, (run.folder / WEIGHTS_FILE).parent, read_pair(cases[0])
    )
    content = {
        "name": run.plan.name,
        "version": run.plan.version,
        "weights_sha256": exported.sha256,
        "quality": quality,
        "training": _training(state),
        **report,
    }
    write_run_card(run.folder / CARD_FILE, run.plan, measured, content)
    aside = run.folder / f".{METRICS_FILE}.part"
    aside.write_text(json.dumps(content, indent=1) + "\n")
    aside.replace(run.folder / METRICS_FILE)
    tell_end(end_of(content))


def _training(state: State) -> dict[str, Any]:
    return {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "best_validation_dice": state.best_dice,
        "seconds": round(sum(entry["seconds"] for entry in state.history), 3),
        "history": state.history,
    }

"""`fit`: a plan and a data set to weights, figures and curves."""

import sys
from pathlib import Path

import torch
from tqdm import tqdm

from meninx_models.data.changed import Place
from meninx_models.data.layouts import DataUnusable
from meninx_models.train.board import Board
from meninx_models.train.finish import finish
from meninx_models.train.planning import EXIT_DONE, EXIT_UNUSABLE, ended, read_planned, say
from meninx_models.train.processes import joined, on_sigterm, told_by_first
from meninx_models.train.run import Diverged, Run, Stopped
from meninx_models.train.state import State
from meninx_models.train.telling import progress_line

EXIT_NOT_FINITE, EXIT_STOPPED = 66, 143


def fit(data: Path, out: Path, looked: int) -> int:
    """Train what was planned in `out`, or go on; return the exit code.

    `looked` is how planning ended in this process; the first one's counts.
    """
    with joined() as place:
        looked = told_by_first(place, looked)
        if looked != EXIT_DONE:
            return looked
        try:
            return _train(data, out, place)
        except DataUnusable as refusal:
            return ended(refusal, EXIT_UNUSABLE, out)
        except Diverged as refusal:
            return ended(refusal, EXIT_NOT_FINITE, out)
        except Stopped as stopped:
            say(str(stopped))
            return EXIT_STOPPED


def _train(data: Path, out: Path, place: Place) -> int:
    planned = read_planned(data, out)
    if planned.plan.threads:
        torch.set_num_threads(planned.plan.threads)
    run = Run(planned, out, place)
    if place.rank == 0:
        say(
            f"training on {run.device}, from epoch {run.state.epoch + 1}, step {run.state.step + 1}"
        )
    with on_sigterm(run.stop):
        state = _trained(run)
    if place.rank == 0:
        finish(run, state)
    return EXIT_DONE


def _trained(run: Run) -> State:
    """Train, and tell each epoch: as a line of JSON, to a person as a bar."""
    if run.place.rank:
        return run.train(lambda _: None)
    board = Board(run.folder / "tensorboard", run.state.epoch) if run.plan.tensorboard else None
    person = sys.stdout.isatty()
    done, epochs = run.state.epoch, run.plan.epochs
    with tqdm(total=epochs, initial=done, unit="epoch", disable=not person) as bar:

        def told(state: State) -> None:
            bar.set_postfix_str(
                f"loss {state.history[-1]['loss']:.3f} best Dice {state.best_dice:.3f}"
            )
            bar.update()
            if not person:
                print(progress_line(state, epochs), flush=True)  # noqa: T201 - the progress
            if board:
                board.epoch(state.history[-1])

        state = run.train(told)
    if board:
        board.close()
    return state

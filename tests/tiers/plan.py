"""What the tiers are, what each needs, and how one is run."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-q")
TRAIN_PYTHON = ROOT / ".cache/venv-train/bin/python"


@dataclass(frozen=True)
class Tier:
    """A tier: its commands, run in order, and a check that says why it can't run here."""

    name: str
    purpose: str
    commands: tuple[tuple[str, ...], ...]
    cannot: Callable[[], str | None] = lambda: None
    prepare: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a tier ended."""

    word: str
    seconds: float
    why: str = ""


def _tools_missing(*tools: str) -> Callable[[], str | None]:
    def check() -> str | None:
        missing = [tool for tool in tools if shutil.which(tool) is None]
        return f"not found: {', '.join(missing)} (run make packages as root)" if missing else None

    return check


def _no_cluster() -> str | None:
    if os.environ.get("KUBECONFIG"):
        return None
    done = subprocess.run(
        [sys.executable, "tests/cluster/cluster.py", "check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip()


TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            "check",
            "lint, types, contracts, generated files",
            (
                (sys.executable, "-m", "ruff", "check"),
                (sys.executable, "-m", "ruff", "format", "--check"),
                (sys.executable, "-m", "mypy"),
                (sys.executable, "-m", "mypy", "--config-file", "tests/cluster/mypy.ini"),
                (str(Path(sys.executable).with_name("lint-imports")),),
                (*PYTEST, "tests/house"),
            ),
        ),
        Tier("unit", "pure logic and single rooms", ((*PYTEST, "tests/unit", "tests/docs"),)),
        Tier(
            "realdata",
            "real images that ship in packages",
            ((*PYTEST, "tests/realdata"),),
            _tools_missing("dcm2niix", "npm"),
        ),
        Tier(
            "api",
            "the operator against a real kube-apiserver",
            ((*PYTEST, "tests/api"),),
            _no_cluster,
            ((sys.executable, "tests/cluster/cluster.py", "build"),),
        ),
        Tier(
            "chart",
            "the Helm chart",
            ((*PYTEST, "tests/chart"),),
            _no_cluster,
            ((sys.executable, "tests/cluster/cluster.py", "build"),),
        ),
        Tier(
            "e2e",
            "the whole path on a real cluster",
            ((*PYTEST, "tests/e2e"),),
            _no_cluster,
            ((sys.executable, "-m", "tests.e2e"),),
        ),
        Tier(
            "torch",
            "training and export, in the training environment",
            ((str(TRAIN_PYTHON), "-m", "pytest", "-q", "tests/unit/models/torch_tier"),),
            prepare=(("make", "--no-print-directory", ".cache/venv-train/.made"),),
        ),
    )
}


def asked_for(words: Sequence[str]) -> list[Tier]:
    """Return the tiers that a command line names, all of them where it names none."""
    parser = argparse.ArgumentParser(prog="tests.tiers", description=f"Tiers: {', '.join(TIERS)}.")
    parser.add_argument("tiers", nargs="*", metavar="TIER", help="which to run; default all")
    names = parser.parse_args(words).tiers
    unknown = [name for name in names if name not in TIERS]
    if unknown:
        parser.error(f"no such tier: {', '.join(unknown)}")
    return [TIERS[name] for name in names or TIERS]


def run_tier(tier: Tier, clock: Callable[[], float]) -> Outcome:
    """Run one tier to its first failing command."""
    start = clock()
    why = tier.cannot()
    if why is not None:
        return Outcome("skipped", clock() - start, f"({why})")
    for command in (*tier.prepare, *tier.commands):
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            shown = " ".join(part.replace(f"{ROOT}/", "") for part in command)
            return Outcome("failed", clock() - start, f"({shown})")
    return Outcome("passed", clock() - start)


def closing_line(outcomes: Sequence[Outcome]) -> str:
    """Return the last line: how many tiers passed, failed and were skipped."""
    count = {w: sum(o.word == w for o in outcomes) for w in ("passed", "failed", "skipped")}
    return f"tiers: {count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"

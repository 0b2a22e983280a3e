import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ONE = (
    "import pytest\n\n\ndef test_one_that_is_skipped() -> None:\n    pytest.skip('no such disk')\n"
)
WHOLE = "import pytest\n\npytest.skip('no such library', allow_module_level=True)\n"


def _run(folder: Path, text: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_made_up.py").write_text(text)
    (folder / "conftest.py").write_text("from tests.conftest import *  # noqa: F403\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
    ]
    environ = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, str(folder)],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("text", "why"), [(ONE, "no such disk"), (WHOLE, "no such library")])
def test_skip_is_a_failure_that_says_why_in_ci(tmp_path: Path, text: str, why: str) -> None:
    done = _run(tmp_path, text, "true")
    assert done.returncode not in {0, 5}, done.stdout
    assert why in done.stdout


def test_skip_is_only_said_on_a_laptop(tmp_path: Path) -> None:
    done = _run(tmp_path, ONE, "")
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout

"""A job whose model is a MONAI Application Package: the one of tests/e2e/package, as a process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from tests.support.results import NOW, slices, task
from tests.support.series import write_series

from meninx.resources.inferencejob import Results
from meninx.resources.task import Task
from meninx.steps.package import adopt_result, prepare_package
from meninx.steps.workspace import Workspace

APPLICATION = Path(__file__).parents[2] / "e2e" / "package" / "app"
SHAPE = (20, 18, 10)


@dataclass
class PackageJob:
    """One pod of the job."""

    workspace: Workspace
    datasets: list[Dataset]
    stored: list[Path]
    task: Task

    def fetch(self) -> list[Path]:
        """Do what `fetch` does; return the files that the package sees."""
        prepare_package(self.stored, self.task.channels[0], self.workspace)
        return sorted(self.workspace.input.iterdir())

    def run(self, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the package as its own process, with nothing of ours around it."""
        folders = {
            "HOLOSCAN_INPUT_PATH": str(self.workspace.input),
            "HOLOSCAN_OUTPUT_PATH": str(self.workspace.output),
        }
        environment = {"PATH": os.environ["PATH"], **(folders if variables is None else variables)}
        command = [sys.executable, "-W", "ignore", str(APPLICATION)]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=120
        )

    def adopt(self) -> tuple[Results, list[Dataset]]:
        """Do what `deliver` does first."""
        return adopt_result(self.task, self.workspace, now=NOW)

    def written(self) -> list[Path]:
        """Return what the package wrote."""
        return sorted(self.workspace.output.glob("*.dcm"))

    def change(self, index: int, **attributes: object) -> None:
        """Change an object that the package wrote, by its place in `written`."""
        path = self.written()[index]
        dataset = dcmread(path)
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


def job_in(folder: Path) -> PackageJob:
    """Return a job on a study with one bright block of 4 x 4 x 3 voxels, fetched by nobody yet."""
    array = np.full(SHAPE, 100, np.uint16)
    array[4:8, 5:9, 3:6] = 900
    datasets = slices(SHAPE, array=array, spacing_mm=(1.0, 1.0, 2.0))
    stored = write_series(datasets, folder / "stored")
    work = task(contract="MAP", labels=[])
    return PackageJob(Workspace.under(folder / "pod"), datasets, stored, work)


@pytest.fixture
def job(tmp_path: Path) -> PackageJob:
    """A job that waits for its package."""
    return job_in(tmp_path)


@pytest.fixture(scope="session")
def ran_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package has run once for all tests."""
    folder = tmp_path_factory.mktemp("package")
    job = job_in(folder)
    job.fetch()
    job.run()
    return folder


@pytest.fixture
def done(ran_once: Path, tmp_path: Path) -> PackageJob:
    """A job after its package has run; a test may spoil its folders."""
    shutil.copytree(ran_once / "pod", tmp_path / "pod")
    return job_in(tmp_path)

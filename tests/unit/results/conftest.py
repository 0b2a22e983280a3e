"""A study in a store and a workspace in which a model has worked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from tests.support.fake_store import TOKEN, FakeStore, FakeTimer, serving
from tests.support.make import SERIES
from tests.support.results import ball, slices, source_of_datasets, task
from tests.support.series import write_series

from meninx.imaging.geometry import Grid
from meninx.imaging.measure import LabelMap
from meninx.imaging.nifti import write_nifti
from meninx.resources.task import Task
from meninx.steps.workspace import Workspace

SHAPE = (20, 18, 10)


@dataclass
class Bench:
    """One job: its task, its store and its workspace."""

    folder: Path
    datasets: list[Dataset]
    store: FakeStore
    task: Task = field(default_factory=task)
    timer: FakeTimer = field(default_factory=FakeTimer)
    url: str = ""

    @property
    def grid(self) -> Grid:
        """The source's grid."""
        return source_of_datasets(self.datasets).grid

    def workspace(self, name: str = "pod") -> Workspace:
        """Return the workspace of one pod."""
        return Workspace.under(self.folder / name)

    def after_model(self, labels: LabelMap | None = None, pod: str = "pod") -> Workspace:
        """Return a pod's workspace in which `fetch` and the model are done."""
        workspace = self.workspace(pod)
        write_series(self.datasets, workspace.source / "t1c")
        found = ball(self.grid, (5, 4, 6), 3) if labels is None else labels
        write_nifti(workspace.output / "segmentation.nii", found, self.grid)
        return workspace

    def environment(self, workspace: Workspace) -> dict[str, str]:
        """Return the variables of a step's container."""
        token = self.folder / "token"
        token.write_text(TOKEN + "\n")
        return {
            "MENINX_TASK": self.task.model_dump_json(by_alias=True),
            "MENINX_STORE_URL": self.url,
            "MENINX_TOKEN_FILE": str(token),
            "MENINX_INPUT": str(workspace.input),
            "MENINX_OUTPUT": str(workspace.output),
            "MENINX_SOURCE": str(workspace.source),
            "MENINX_TERMINATION_LOG": str(self.folder / "termination-log"),
            "MENINX_PATIENCE_SECONDS": "0",
        }


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A job on a study of ten slices that a store on loopback holds."""
    rng = np.random.default_rng(5)
    array = rng.integers(0, 900, SHAPE).astype(np.uint16)
    datasets = slices(SHAPE, array=array)
    store = FakeStore({SERIES: write_series(datasets, tmp_path / "stored")})
    async with serving(store) as url:
        yield Bench(tmp_path, datasets, store, url=url)

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support import make
from tests.support.headers import series

from meninx.imaging.select import Chosen, choose
from meninx.imaging.study import Series, Study, series_of
from meninx.resources.aimodel import AIModelSpec
from meninx.resources.predicates import DERIVED
from meninx.resources.reasons import Reason
from meninx.resources.studyroute import StudyRoute
from meninx.routing.catalogue import entry_of
from meninx.routing.decide import channels_of, matches

GUIDE = Path(__file__).resolve().parents[3] / "docs/models/series-selection.md"
MODELS = {"unet-meningioma": AIModelSpec.model_validate(make.aimodel()["spec"])}


@pytest.fixture
def guide() -> str:
    return GUIDE.read_text()


@pytest.fixture
def manifest(guide: str) -> dict[str, Any]:
    (block,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def _rows(guide: str) -> list[list[str]]:
    table = guide.split("a test runs this table")[1]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    return [row for row in cells if row][2:]


def _series(row: list[str]) -> Series:
    name, slices, contrast, three_d, spacing_mm, _ = row
    made = series(
        name,
        slices=int(slices),
        spacing_mm=float(spacing_mm),
        SeriesDescription=name,
        ContrastBolusAgent="GADO" if contrast == "yes" else None,
        MRAcquisitionType="3D" if three_d == "yes" else "2D",
    )
    return series_of(name, made.headers, also={"CallingAETitle": "SCANNER1"})


def test_example_is_a_valid_route(manifest: dict[str, Any]) -> None:
    StudyRoute.model_validate(manifest)
    assert entry_of(manifest, MODELS).condition.status == "True"


def test_outcome_of_each_series_is_as_the_table_says(guide: str, manifest: dict[str, Any]) -> None:
    route = StudyRoute.model_validate(manifest).spec
    rows = _rows(guide)
    study = [_series(row) for row in rows]
    assert matches(Study("s0", 1, tuple(study)), route)
    choice = choose(channels_of(MODELS["unet-meningioma"], route)[0], study)
    assert isinstance(choice, Chosen)
    outcome = {choice.series.series: "chosen"}
    outcome |= {one.series: str(one.reason) for one in choice.passed_over}
    assert outcome == {row[0]: row[-1] for row in rows}


def test_guide_names_only_reasons_and_facts_that_exist(guide: str) -> None:
    prose = guide.split("## Example", maxsplit=1)[0]
    words = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", prose))
    known = {str(reason) for reason in Reason} | {"InferenceJob", "AIModel", "StudyRoute"}
    assert words - known <= {"CallingAETitle", "ImageType"}
    assert all(f"`{fact}`" in prose for fact in DERIVED)

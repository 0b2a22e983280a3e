import sys
from typing import Any

import numpy as np
import pytest
from tests.demo import __main__ as demo
from tests.demo import images, watch
from tests.demo.shell import ROOT, DemoFailed
from tests.demo.study import dice
from tests.demo.target import Target


def _mask(*places: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros(8, dtype=bool)
    mask[list(places)] = True
    return mask


@pytest.mark.parametrize(
    ("found", "wanted", "overlap"),
    [
        pytest.param(_mask(1, 2), _mask(1, 2), 1.0, id="the same"),
        pytest.param(_mask(1, 2), _mask(2, 3), 0.5, id="half"),
        pytest.param(_mask(1), _mask(5), 0.0, id="apart"),
        pytest.param(_mask(), _mask(), 1.0, id="both empty"),
    ],
)
def test_overlap_is_that_of_the_two_masks(found: Any, wanted: Any, overlap: float) -> None:
    assert dice(found, wanted) == overlap


def test_failure_is_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Any) -> str:
        raise DemoFailed("the PACS\n is away")

    monkeypatch.setattr(demo, "_demo", fail)
    monkeypatch.setattr(sys, "argv", ["demo"])
    assert demo.main() == 1
    assert capsys.readouterr().out == "DEMO FAILED: the PACS is away\n"


def test_closed_cluster_asks_for_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENINX_REGISTRY", raising=False)
    with pytest.raises(DemoFailed, match="set MENINX_REGISTRY"):
        images.ensure(Target("registry", ROOT), images.HOSPITAL)


def test_image_is_named_by_what_it_is_built_from() -> None:
    assert images.HOSPITAL.tag() == images.HOSPITAL.tag()
    assert len({s.tag() for s in (images.HOSPITAL, images.MENINX, images.UNET)}) == 3


def test_progress_names_what_the_job_waits_for() -> None:
    conditions = [
        {"type": "Admitted", "status": "True", "reason": "Admitted"},
        {"type": "Inferred", "status": "False", "reason": "Inferring"},
    ]
    job = {"metadata": {"name": "j"}, "status": {"phase": "Running", "conditions": conditions}}
    assert watch.stand(job) == "j: Running (Inferring)"

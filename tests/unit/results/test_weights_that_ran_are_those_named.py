import json
from pathlib import Path
from typing import Any

import pytest

from meninx.base.errors import Rejected
from meninx.steps.weights import check_weights

NAMED = "a" * 64
OTHER = "b" * 64


def _written(folder: Path, content: Any) -> Path:
    path = folder / "result.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


SILENT: dict[str, Any] = {
    "same digest": {"model": {"sha256": NAMED}},
    "no digest told": {"model": {}},
    "no model told": {"measurements": {}},
    "a list": [],
}


@pytest.mark.parametrize("content", SILENT.values(), ids=SILENT.keys())
def test_result_that_does_not_contradict_is_taken(tmp_path: Path, content: Any) -> None:
    check_weights(_written(tmp_path, content), NAMED)


@pytest.mark.rule("traceable")
def test_other_weights_than_named_make_no_result(tmp_path: Path) -> None:
    path = _written(tmp_path, {"model": {"sha256": OTHER}})
    with pytest.raises(Rejected, match=r"BadResult: .*bbbb.*aaaa.*correct weights\.sha256"):
        check_weights(path, NAMED)


def test_model_without_named_weights_is_not_asked(tmp_path: Path) -> None:
    check_weights(_written(tmp_path, {"model": {"sha256": OTHER}}), None)


def test_model_that_writes_no_result_file_is_taken(tmp_path: Path) -> None:
    check_weights(tmp_path / "result.json", NAMED)


def test_result_file_that_is_not_json_breaks_the_contract(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"BadResult: result\.json is not JSON"):
        check_weights(_written(tmp_path, "{"), NAMED)

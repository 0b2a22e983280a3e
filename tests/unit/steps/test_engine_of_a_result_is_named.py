import json
from pathlib import Path
from typing import Any

import pytest

from meninx.steps.engine import engine_named

OURS = {
    "engine": "openvino",
    "device": "CPU",
    "precision": "bf16",
    "version": "2026.4.1",
    "threads": 2,
}
TOLD: dict[str, tuple[Any, str | None]] = {
    "ours": ({"engine": OURS}, "openvino 2026.4.1 bf16 CPU"),
    "only a name": ({"engine": {"engine": "tensorrt"}}, "tensorrt"),
    "free text is left out": (
        {"engine": {"engine": "torch", "version": "for Mrs. Doe, born 1950"}},
        "torch",
    ),
    "nothing but free text": ({"engine": {"engine": "two words"}}, None),
    "a number for a name": ({"engine": {"engine": 5}}, None),
    "a string for the object": ({"engine": "openvino"}, None),
    "none": ({}, None),
    "a list": ([], None),
}


@pytest.mark.rule("traceable")
@pytest.mark.parametrize(("content", "said"), TOLD.values(), ids=TOLD)
def test_engine_is_taken_over_in_plain_words(
    tmp_path: Path, content: Any, said: str | None
) -> None:
    (tmp_path / "result.json").write_text(json.dumps(content))
    assert engine_named(tmp_path / "result.json") == said


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe"], ids=["missing", "torn", "no text"])
def test_result_that_cannot_be_read_names_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "result.json").write_bytes(content)
    assert engine_named(tmp_path / "result.json") is None

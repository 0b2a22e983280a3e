from pathlib import Path

import pytest

from meninx.base.errors import BadInput
from meninx.base.settings import Environment


def test_missing_variable_is_named_with_the_remedy() -> None:
    with pytest.raises(BadInput, match="MENINX_DATA is missing"):
        Environment({}).text("MENINX_DATA")


@pytest.mark.parametrize("raw", ["1", "true", " YES "], ids=["digit", "word", "padded"])
def test_true_words_are_true(raw: str) -> None:
    assert Environment({"X": raw}).flag("X", default=False)


def test_word_that_is_neither_is_refused() -> None:
    with pytest.raises(BadInput, match="neither true nor false"):
        Environment({"X": "maybe"}).flag("X", default=False)


def test_number_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="not a number"):
        Environment({"X": "many"}).integer("X", 1)


def test_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"abc\n")
    assert Environment({"KEY_FILE": str(tmp_path / "key")}).secret("KEY") == b"abc"


def test_unreadable_secret_says_to_mount_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="mount its Secret"):
        Environment({"KEY_FILE": str(tmp_path / "none")}).secret("KEY")

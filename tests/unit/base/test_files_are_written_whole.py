import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from meninx.base.errors import OutOfSpace
from meninx.base.files import write_durably


def test_written_file_holds_all_chunks(tmp_path: Path) -> None:
    write_durably(tmp_path / "a" / "b.dcm", b"one", b"two")
    assert (tmp_path / "a" / "b.dcm").read_bytes() == b"onetwo"


def test_no_temporary_file_is_left_after_writing(tmp_path: Path) -> None:
    write_durably(tmp_path / "b.dcm", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["b.dcm"]


@pytest.mark.rule("acknowledged-means-safe")
def test_full_disk_is_out_of_space_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutOfSpace, match=r"b\.dcm"):
        write_durably(tmp_path / "b.dcm", b"x")
    assert list(tmp_path.iterdir()) == []


def test_other_write_errors_are_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        write_durably(tmp_path / "file" / "b.dcm", b"x")


def test_old_content_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "b.dcm"
    write_durably(target, b"old")

    def full(_: int) -> NoReturn:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutOfSpace):
        write_durably(target, b"new")
    assert target.read_bytes() == b"old"

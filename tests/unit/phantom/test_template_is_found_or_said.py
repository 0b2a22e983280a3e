import shutil
from pathlib import Path

import pytest

from meninx.base.errors import NotFound, Unavailable
from meninx.phantom import template


def test_named_folder_without_the_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENINX_TEMPLATES", str(tmp_path))
    with pytest.raises(NotFound, match=r"ch2\.nii\.gz"):
        template.template_folder()


def test_named_folder_with_the_files_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in template.FILES:
        (tmp_path / name).touch()
    monkeypatch.setenv("MENINX_TEMPLATES", str(tmp_path))
    assert template.template_folder() == tmp_path


def test_missing_download_tool_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MENINX_TEMPLATES", raising=False)
    monkeypatch.setenv("MENINX_CACHE", str(tmp_path))
    monkeypatch.setattr(template, "INSTALLED", Path("/nowhere/mricron/templates"))
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(Unavailable, match="install Debian's mricron-data"):
        template.template_folder()


def test_dura_encloses_the_brain_and_not_the_scalp(template: template.Template) -> None:
    middle = tuple(template.voxel(0, -18, 8).astype(int))
    scalp = tuple(template.voxel(0, -18, 80).astype(int))
    assert template.inside_mm[middle] > 50
    assert template.inside_mm[scalp] < 0


def test_tentorium_lies_between_cerebrum_and_cerebellum(template: template.Template) -> None:
    above, below = template.voxel(0, -65, 5).astype(int), template.voxel(0, -65, -38).astype(int)
    assert template.tentorium_mm[tuple(above)] > 0 > template.tentorium_mm[tuple(below)]

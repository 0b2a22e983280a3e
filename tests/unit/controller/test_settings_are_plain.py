from pathlib import Path

import pytest

from meninx.base.errors import BadInput
from meninx.base.settings import Environment
from meninx.controller.settings import Settings

REQUIRED = {
    "MENINX_NAMESPACE": "meninx",
    "MENINX_IMAGE": "image",
    "MENINX_STORE_URL": "http://store",
}


def _read(folder: Path, **more: str) -> Settings:
    key = folder / "signing"
    key.write_text("secret-key\n")
    return Settings.read(Environment({**REQUIRED, "MENINX_SIGNING_KEY_FILE": str(key), **more}))


@pytest.mark.parametrize("name", [*REQUIRED, "MENINX_SIGNING_KEY_FILE"])
def test_missing_variable_is_named(name: str, tmp_path: Path) -> None:
    key = tmp_path / "k"
    key.write_text("x")
    values = {**REQUIRED, "MENINX_SIGNING_KEY_FILE": str(key)}
    del values[name]
    with pytest.raises(BadInput, match=name):
        Settings.read(Environment(values))


def test_empty_product_means_no_product(tmp_path: Path) -> None:
    assert _read(tmp_path, MENINX_GPU_PRODUCT="").pods.gpu_product is None
    assert _read(tmp_path, MENINX_GPU_PRODUCT="A100").pods.gpu_product == "A100"


def test_signing_key_never_shows_in_a_log(tmp_path: Path) -> None:
    settings = _read(tmp_path)
    assert settings.signing_key == b"secret-key"
    assert "secret-key" not in repr(settings)


def test_queue_is_set_by_the_chart(tmp_path: Path) -> None:
    settings = _read(tmp_path, MENINX_QUEUE_PREEMPT="true", MENINX_QUEUE_PATIENCE_SECONDS="60")
    assert settings.queue.preempt
    assert settings.queue.patience_seconds == 60.0
    assert settings.queue.count_room
    assert not _read(tmp_path).queue.preempt


def test_priority_classes_are_named_by_priority(tmp_path: Path) -> None:
    pods = _read(tmp_path, MENINX_PRIORITY_CLASSES="Stat=now,Routine=").pods
    assert pods.priority_class("Stat") == "now"
    assert pods.priority_class("Routine") is None
    with pytest.raises(BadInput, match="'Soon'"):
        _read(tmp_path, MENINX_PRIORITY_CLASSES="Soon=now")

from typing import Any

import pytest

from meninx.controller.job import weights
from meninx.controller.job.chain import ChainStep
from meninx.resources.aimodel import Resources, Weights

SHA256 = "5e" * 32
URL = "https://models.example.org/unet/model.onnx"


def step(name: str = "model", **given: Any) -> ChainStep:
    """Return a step whose weights are these; without any they are in the image."""
    made = Weights.model_validate({"sha256": SHA256, **given})
    return ChainStep(name, "image", Resources(), weights=made)


def test_baked_in_weights_need_no_step() -> None:
    baked = step()
    assert weights.weights_step(baked, 600) is None
    assert weights.volumes([baked]) == []
    assert weights.model_env(baked) == {}
    assert weights.model_mounts(baked) == []
    assert weights.pod_labels([baked]) == {}


def test_model_reads_what_the_step_before_wrote() -> None:
    far = step(uri=URL)
    made = weights.weights_step(far, 600)
    assert made is not None
    assert made.env["MENINX_WEIGHTS"] == weights.model_env(far)["MENINX_WEIGHTS"]
    (written,) = made.mounts
    (read,) = weights.model_mounts(far)
    assert read == {**written, "readOnly": True}


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        pytest.param(URL, "model.onnx", id="last part of the path"),
        pytest.param("https://h/a/b.pt?sig=x/y", "b.pt", id="the query is no name"),
        pytest.param("pvc://claim/folder/b%20c.pt", "b_c.pt", id="odd letters"),
        pytest.param("https://h/folder/", "weights", id="a folder"),
        pytest.param("https://h/..", "weights", id="a way out"),
        pytest.param("https://h/%2e%2e%2fetc%2fpasswd", "passwd", id="a way out, written oddly"),
        pytest.param("https://h/" + "a" * 200 + ".bin", "a" * 96 + ".bin", id="a long name"),
    ],
)
def test_file_keeps_its_name_within_the_folder(uri: str, name: str) -> None:
    assert weights.weights_path(step(uri=uri)) == f"/meninx/weights/{name}"


def test_token_is_mounted_for_the_step_and_never_for_the_model() -> None:
    secret = step(uri=URL, secretRef={"name": "registry"})
    made = weights.weights_step(secret, 600)
    assert made is not None
    assert made.env["MENINX_WEIGHTS_TOKEN_FILE"] == "/meninx/weights-token/token"
    assert {mount["mountPath"] for mount in made.mounts} >= {"/meninx/weights-token"}
    assert [mount["mountPath"] for mount in weights.model_mounts(secret)] == ["/meninx/weights"]
    volume = next(v for v in weights.volumes([secret]) if "secret" in v)
    assert volume["secret"]["items"] == [{"key": "token", "path": "token"}]


def test_claim_is_read_only_and_needs_no_network() -> None:
    near = step(uri="pvc://models/unet/model.onnx")
    claim = next(v for v in weights.volumes([near]) if "persistentVolumeClaim" in v)
    assert claim["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}
    assert weights.pod_labels([near]) == {}
    assert weights.pod_labels([near, step("b", uri=URL)]) == {"meninx.io/downloads-weights": "true"}


def test_steps_of_a_pipeline_keep_their_weights_apart() -> None:
    steps = [step("mask", uri=URL), step("tumour", uri=URL)]
    assert [v["name"] for v in weights.volumes(steps)] == ["weights-mask", "weights-tumour"]
    names = [made.name for s in steps if (made := weights.weights_step(s, 600))]
    assert names == ["weights-mask", "weights-tumour"]

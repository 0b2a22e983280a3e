import hashlib
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_store import FakeTimer
from tests.support.weights_server import WeightsHost, certificate

from meninx.base.errors import Rejected
from meninx.cli import weights as command
from meninx.steps.bring import Wanted, bring
from meninx.steps.patience import Patience

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TOKEN = "token-of-the-registry"
PATIENCE = Patience(budget_seconds=60)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights" / "model.onnx"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    made, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    return context


async def brought(uri: str, target: Path, **given: Any) -> int:
    wanted = Wanted(uri, SHA256, target, PATIENCE, **given)
    return await bring(wanted, timer=FakeTimer())


async def refused(uri: str, target: Path, **given: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await brought(uri, target, **given)
    assert not target.exists()
    assert list(target.parent.glob("*")) + list(target.parent.glob(".*")) == []
    return caught.value


async def test_file_arrives_as_it_is(target: Path) -> None:
    async with WeightsHost(CONTENT).serving() as uri:
        assert await brought(uri, target) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("cut", [False, True], ids=["an error of the server", "a broken line"])
async def test_address_that_comes_back_is_waited_for(target: Path, cut: bool) -> None:
    host = WeightsHost(CONTENT, answers=[] if cut else [503, 429], cut=cut)
    async with host.serving() as uri:
        assert await brought(uri, target) == len(CONTENT)
    assert target.read_bytes() == CONTENT


@pytest.mark.rule("traceable")
async def test_other_weights_are_never_left_behind(target: Path) -> None:
    async with WeightsHost(CONTENT + b"x").serving() as uri:
        error = await refused(uri, target)
    assert error.reason == "WeightsMismatch"
    assert SHA256[:12] in error.message


async def test_login_page_is_recognised_as_one(target: Path) -> None:
    async with WeightsHost(b"<html>", page=True).serving() as uri:
        error = await refused(uri, target)
    assert "login" in error.message


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "no such file"), (410, "no such file"), (403, "secretRef"), (400, "400")],
)
async def test_final_answer_is_not_asked_for_twice(target: Path, status: int, said: str) -> None:
    host = WeightsHost(CONTENT, answers=[status])
    async with host.serving() as uri:
        error = await refused(uri, target)
    assert (error.reason, len(host.authorizations)) == ("WeightsFailed", 1)
    assert said in error.message


async def test_address_that_stays_away_fails_after_the_limit(target: Path) -> None:
    host = WeightsHost(CONTENT, answers=[503] * 99)
    timer = FakeTimer()
    async with host.serving() as uri:
        with pytest.raises(Rejected, match=r"WeightsFailed.*503"):
            await bring(Wanted(uri, SHA256, target, PATIENCE), timer=timer)
    assert timer.now <= PATIENCE.budget_seconds
    assert len(host.authorizations) > 3


async def test_secret_parts_of_the_address_are_never_told(target: Path) -> None:
    async with WeightsHost(CONTENT, answers=[404]).serving() as uri:
        error = await refused(f"{uri}?signature=hidden", target)
    assert "hidden" not in error.message
    assert "hidden" not in repr(Wanted(f"{uri}?signature=hidden", SHA256, target, PATIENCE))


@pytest.mark.rule("least-privilege")
async def test_token_goes_to_its_own_https_host_only(
    target: Path, tmp_path: Path, tls: ssl.SSLContext
) -> None:
    elsewhere = WeightsHost(CONTENT)
    async with elsewhere.serving(tls) as other:
        home = WeightsHost(moved_to=other)
        async with home.serving(tls) as uri:
            await brought(uri, target, token=TOKEN)
    assert home.authorizations == [f"Bearer {TOKEN}"]
    assert elsewhere.authorizations == [None]
    assert target.read_bytes() == CONTENT


@pytest.mark.rule("least-privilege")
async def test_token_is_never_sent_in_the_clear(target: Path) -> None:
    host = WeightsHost(CONTENT)
    async with host.serving() as uri:
        await brought(uri, target, token=TOKEN)
    assert host.authorizations == [None]


async def test_https_is_never_left_for_http(target: Path, tls: ssl.SSLContext) -> None:
    plain = WeightsHost(CONTENT)
    async with plain.serving() as other, WeightsHost(moved_to=other).serving(tls) as uri:
        error = await refused(uri, target, token=TOKEN)
    assert "http://, which is not followed" in error.message
    assert plain.authorizations == []


async def test_redirects_in_a_circle_end(target: Path) -> None:
    async with WeightsHost(moved_to="/again").serving() as uri:
        assert "redirects" in (await refused(uri, target)).message


async def test_certificate_that_nobody_vouches_for_is_final(target: Path, tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    host = WeightsHost(CONTENT)
    async with host.serving(context) as uri:
        error = await refused(uri, target)
    assert "certificate" in error.message
    assert host.authorizations == []


async def test_volume_is_read_and_checked_alike(target: Path, tmp_path: Path) -> None:
    claim = tmp_path / "claim"
    (claim / "a folder").mkdir(parents=True)
    (claim / "a folder" / "model.onnx").write_bytes(CONTENT)
    assert await brought("pvc://c/a%20folder/model.onnx", target, claim=claim) == len(CONTENT)
    (claim / "a folder" / "model.onnx").write_bytes(CONTENT[1:])
    target.unlink()
    error = await refused("pvc://c/a%20folder/model.onnx", target, claim=claim)
    assert error.reason == "WeightsMismatch"


@pytest.mark.parametrize(
    ("path", "said"),
    [("missing.onnx", "no file"), ("../outside.onnx", "out of the volume"), ("..", "out of")],
)
async def test_path_that_the_volume_lacks_is_said(
    target: Path, tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "claim").mkdir()
    (tmp_path / "outside.onnx").write_bytes(CONTENT)
    error = await refused(f"pvc://c/{path}", target, claim=tmp_path / "claim")
    assert (error.reason, said in error.message) == ("WeightsFailed", True)


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [(CONTENT, 0, None), (b"other", 68, "WeightsMismatch"), (None, 69, "WeightsFailed")],
    ids=["right", "other weights", "none"],
)
def test_command_ends_with_its_code_and_reason(
    tmp_path: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    code: int,
    reason: str | None,
) -> None:
    said = tmp_path / "said"
    if content is not None:
        (tmp_path / "w").write_bytes(content)
    for name, value in {
        "MENINX_WEIGHTS": target, "MENINX_WEIGHTS_URI": "pvc://c/w", "MENINX_WEIGHTS_SHA256": SHA256,
        "MENINX_WEIGHTS_CLAIM": tmp_path, "MENINX_TERMINATION_LOG": said,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    assert command.run(None) == code  # type: ignore[arg-type]
    assert json.loads(said.read_text()).get("reason") == reason

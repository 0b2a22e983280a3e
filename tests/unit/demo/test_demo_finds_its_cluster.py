import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.demo import target
from tests.demo.shell import DemoFailed

Answers = Callable[..., subprocess.CompletedProcess[str]]


def _answers(codes: dict[str, int]) -> Answers:
    """Return a stand-in for `run`: the exit code by the second word, 0 where none is named."""

    def run(command: list[Any], **_: Any) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        code = next((codes[word] for word in words if word in codes), 0)
        said = "can't: not root: containers need it" if code else ""
        return subprocess.CompletedProcess(words, code, said, "")

    return run


def _kubeconfig(path: Path, server: str, context: str = "x") -> Path:
    cluster = {"name": "c", "cluster": {"server": server}}
    path.write_text(yaml.safe_dump({"clusters": [cluster], "current-context": context}))
    return path


@pytest.mark.parametrize(
    ("server", "context", "how"),
    [
        pytest.param("https://ours:6443", "x", "one-node", id="our own"),
        pytest.param("https://127.0.0.1:1", "kind-meninx", "kind", id="kind"),
        pytest.param("https://hospital:6443", "x", "registry", id="a hospital's"),
    ],
)
def test_named_cluster_is_used_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, context: str, how: str
) -> None:
    monkeypatch.setattr(target, "ONE_NODE", _kubeconfig(tmp_path / "ours", "https://ours:6443"))
    given = _kubeconfig(tmp_path / "given", server, context)
    monkeypatch.setenv("KUBECONFIG", str(given))
    found, _ = target.find()
    assert found == target.Target(how, given)  # type: ignore[arg-type]


def test_named_cluster_that_is_not_there_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/kubeconfig")
    with pytest.raises(DemoFailed, match="KUBECONFIG=/nowhere/kubeconfig"):
        target.find()


def test_docker_client_without_a_daemon_is_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(target, "run", _answers({"info": 1}))
    monkeypatch.setattr(target, "stream", lambda _: None)
    found, _ = target.find()
    assert found is not None
    assert found.how == "one-node"


def test_machine_without_any_cluster_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(target, "run", _answers({"check": 3}))
    found, why = target.find()
    assert found is None
    assert "not root" in why

"""Kubernetes, etcd, helm and the cluster's own program, built once from the modules that go.mod pins."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from . import names, toolchain
from .shell import say, show

_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "helm": "helm.sh/helm/v3/cmd/helm",
    "meninx-cluster-node": "./node",
    "meninx-cluster-pause": "./pause",
}
_BUILT_AS: Final = {
    "etcd": "server",
    "meninx-cluster-node": "node",
    "meninx-cluster-pause": "pause",
}


_MARK: Final = names.BIN / ".built-from"


def path(name: str) -> str:
    """The binary of that name."""
    return str(names.BIN / name)


def _flags() -> str:
    major, minor = names.KUBERNETES.removeprefix("v").split(".")[:2]
    values = {"gitVersion": names.KUBERNETES, "gitMajor": major, "gitMinor": minor}
    values |= {"gitTreeState": "clean", "gitCommit": "unknown"}
    stamped = [f"-X k8s.io/component-base/version.{key}={value}" for key, value in values.items()]
    return " ".join(["-s", "-w", *stamped])


def _fingerprint() -> str:
    digest = hashlib.sha256(_flags().encode())
    files = [names.HERE / "go.mod", names.HERE / "go.sum"]
    files += sorted((names.HERE / "node").glob("*.go")) + sorted(
        (names.HERE / "pause").glob("*.go")
    )
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def made() -> bool:
    """Is everything there, built from what is pinned now?"""
    there = all((names.BIN / name).exists() for name in _PACKAGES)
    return there and _MARK.exists() and _MARK.read_text() == _wanted()


def _wanted() -> str:
    return f"{os.environ.get('KUBE_ASSETS', '')} {_fingerprint()}"


def make() -> None:
    """Build what is missing, or take it from the folder that KUBE_ASSETS names."""
    if made():
        return
    names.BIN.mkdir(parents=True, exist_ok=True)
    _MARK.unlink(missing_ok=True)
    assets = os.environ.get("KUBE_ASSETS", "")
    given = _take(Path(assets)) if assets else set()
    missing = [name for name in _PACKAGES if name not in given]
    if missing:
        _build(missing)
    _MARK.write_text(_wanted())


def _take(folder: Path) -> set[str]:
    found = {name for name in _PACKAGES if (folder / name).is_file()}
    say(f"taking {', '.join(sorted(found)) or 'nothing'} from {folder}")
    for name in found:
        _replace(folder / name, names.BIN / name, copy=True)
    return found


def _build(wanted: list[str]) -> None:
    say(f"building {', '.join(wanted)} (about 5 minutes on 2 cores the first time)")
    into = names.CACHE / "building"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    command = [
        toolchain.go(),
        "build",
        "-p",
        "2",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        _flags(),
    ]
    packages = [_PACKAGES[name] for name in wanted]
    show(
        [*command, "-o", f"{into}/", *packages],
        cwd=names.HERE,
        env={"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "auto"},
    )
    for name in wanted:
        _replace(into / _BUILT_AS.get(name, name), names.BIN / name, copy=False)
    shutil.rmtree(into)


def _replace(source: Path, target: Path, *, copy: bool) -> None:
    """Never write into a binary that may be running: put another file in its place."""
    fresh = target.with_name(target.name + ".new")
    if copy:
        shutil.copy(source, fresh)
    else:
        source.rename(fresh)
    fresh.chmod(0o755)
    fresh.rename(target)

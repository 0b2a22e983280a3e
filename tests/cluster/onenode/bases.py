"""The base images that Containerfiles start from, made from Debian's packages under their public
names, so that the same Containerfile builds where the public images can be pulled.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
import sys
from pathlib import Path
from typing import Final

from . import aptsources, names, storage
from .shell import run, say, show

DEBIAN: Final = "docker.io/library/debian:bookworm-slim"
PYTHON: Final = "docker.io/library/python:3.11-slim-bookworm"
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_SLIM: Final = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/lintian/*
"""
# As in the public image: apt keeps no packages it has installed.
_APT: Final = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
"""
# As in the public image: `python` and `python3` on PATH, pip free to install system-wide.
_PYTHON_STEPS: Final = """\
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends ca-certificates netbase tzdata \
  python3.11 python3.11-venv python3-pip python3-venv
rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED
for name in python python3 python3.11; do ln -sf /usr/bin/python3.11 /usr/local/bin/$name; done
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log
"""


def make() -> None:
    """Make the two base images, once; again where this recipe has changed."""
    mark = names.CACHE / "base-images"
    recipe = hashlib.sha256(inspect.getsource(sys.modules[__name__]).encode()).hexdigest()
    there = storage.has(DEBIAN) and storage.has(PYTHON)
    if there and mark.exists() and mark.read_text() == recipe:
        return
    names.CACHE.mkdir(parents=True, exist_ok=True)
    say(f"making {DEBIAN} with debootstrap")
    root = names.CACHE / "debootstrap"
    _bootstrap(root)
    _commit_folder(root)
    shutil.rmtree(root)
    say(f"making {PYTHON}")
    _commit_python()
    mark.write_text(recipe)


def _bootstrap(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    signed = [f"--keyring={_KEYRING}"] if _KEYRING.exists() else []
    places = aptsources.debian()
    address, suite = places[0]
    show(["debootstrap", "--variant=minbase", *signed, suite, root, address])
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(_SLIM)
    (root / "etc/apt/apt.conf.d/docker-clean").write_text(_APT)
    (root / "etc/apt/sources.list").write_text(aptsources.as_list(places))
    for folder in ("doc", "man", "info", "locale", "lintian"):
        shutil.rmtree(root / "usr/share" / folder, ignore_errors=True)
    for pattern in ("var/lib/apt/lists/*", "var/cache/apt/archives/*.deb", "var/log/*.log"):
        for file in root.glob(pattern):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    # debootstrap leaves the machine's own name and name servers.
    for name in ("etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)


def _commit_folder(root: Path) -> None:
    container = storage.buildah("from", "scratch").strip()
    try:
        storage.buildah("copy", "-q", container, str(root), "/")
        storage.buildah("config", "--cmd", "bash", container)
        storage.buildah("commit", "-q", container, DEBIAN)
    finally:
        storage.buildah("rm", container)


def _commit_python() -> None:
    container = storage.buildah("from", "--pull-never", DEBIAN).strip()
    options = ["--isolation", "chroot", "--network", "host"]
    try:
        step = storage.command("run", *options, container, "--", "sh", "-c", _PYTHON_STEPS)
        run(step, env=storage.environment())
        storage.buildah("config", "--cmd", "python3", "--env", "LANG=C.UTF-8", container)
        storage.buildah("commit", "-q", container, PYTHON)
    finally:
        storage.buildah("rm", container)

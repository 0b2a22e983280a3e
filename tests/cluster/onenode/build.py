"""Building an image from a Containerfile. The machine's certificates and its settings of pip and apt
are there while RUN steps run, and in no layer.
"""

from __future__ import annotations

import configparser
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import names, storage
from .shell import ClusterError, run, say, show

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
# Mounted over folders that every Debian image has, and that no image is meant to fill.
_INSIDE: Final = "/mnt"


@dataclass(frozen=True)
class Order:
    """What to build: arguments as NAME=VALUE, contexts as NAME=FOLDER."""

    tag: str
    file: Path
    folder: Path
    arguments: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()


def image(order: Order) -> None:
    """Build and tag; unchanged layers come from the cache."""
    if not order.file.is_file() or not order.folder.is_dir():
        raise ClusterError(f"no Containerfile {order.file}, or no folder {order.folder}")
    say(f"building {order.tag}")
    options = ["--isolation", "chroot", "--network", "host", "--layers", "--pull-never"]
    for argument in order.arguments:
        options += ["--build-arg", argument]
    for context in order.contexts:
        options += ["--build-context", context]
    for mount in _mounts():
        options += ["--volume", mount]
    named = ["--tag", order.tag, "--file", str(order.file.resolve()), str(order.folder.resolve())]
    show(storage.command("bud", *options, *named), env=storage.environment())


def _mounts() -> Iterator[str]:
    folder = names.CACHE / "build-settings"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bundle = _bundle()
    if bundle:
        shutil.copy(bundle, folder / "ca.crt")
    (folder / "pip.conf").write_text(_pip(has_bundle=bundle is not None))
    (folder / "apt.conf").write_text(_apt(has_bundle=bundle is not None))
    yield f"{folder}:{_INSIDE}:ro"
    yield f"{folder}/pip.conf:/etc/pip.conf:ro"
    yield f"{folder}/apt.conf:/etc/apt/apt.conf.d/99build:ro"


def _bundle() -> Path | None:
    wanted = [os.environ.get("SSL_CERT_FILE", ""), *_BUNDLES]
    return next((Path(path) for path in wanted if path and Path(path).is_file()), None)


def _pip(*, has_bundle: bool) -> str:
    """The machine's pip settings: its file, then the environment over it."""
    config = configparser.RawConfigParser()
    config.read(["/etc/pip.conf", Path.home() / ".config/pip/pip.conf"])
    merged = dict(config["global"]) if config.has_section("global") else {}
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name not in {"PIP_CONFIG_FILE", "PIP_FIND_LINKS"}:
            merged[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    merged.pop("find-links", None)
    merged.pop("cert", None)
    if has_bundle:
        merged["cert"] = f"{_INSIDE}/ca.crt"
    merged |= {"no-cache-dir": "true", "root-user-action": "ignore"}
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in merged.items())]) + "\n"


def _apt(*, has_bundle: bool) -> str:
    """The machine's proxies, and its certificates for mirrors by https."""
    dumped = run(["apt-config", "dump"], check=False).splitlines()
    kept = [line for line in dumped if line.startswith("Acquire::") and "proxy" in line.lower()]
    if has_bundle:
        kept.append(f'Acquire::https::CaInfo "{_INSIDE}/ca.crt";')
    return "\n".join(kept) + "\n"

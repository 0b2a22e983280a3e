"""Debian's share of the cluster: the container runtime, its plugins, the firewall's tools."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from .shell import run, say

_PROGRAMS: Final = {
    "containerd": "containerd",
    "runc": "runc",
    "buildah": "buildah",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ipset": "ipset",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
}
_PLUGIN: Final = Path("/usr/lib/cni/bridge")
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing_programs() -> list[str]:
    """The Debian packages that are not there yet."""
    found = [
        package
        for program, package in _PROGRAMS.items()
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":" + _PATH)
    ]
    return found if _PLUGIN.exists() else [*found, "containernetworking-plugins"]


def install() -> None:
    """Install what is missing. No service is started: `up` starts its own, with its own folders."""
    packages = missing_programs()
    if not packages:
        return
    say(f"installing {', '.join(packages)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], env=env)
    with _services_off():
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=env)


class _services_off:  # noqa: N801 - reads as a statement where it is used
    """policy-rc.d says no to every service while apt works; an existing one is left alone."""

    path = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self.ours = not self.path.exists()
        if self.ours:
            with tempfile.NamedTemporaryFile("w", delete=False, dir="/usr/sbin") as file:
                file.write("#!/bin/sh\nexit 101\n")
            Path(file.name).chmod(0o755)
            Path(file.name).rename(self.path)

    def __exit__(self, *_: object) -> None:
        if self.ours:
            self.path.unlink(missing_ok=True)

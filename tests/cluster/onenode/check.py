"""Can this machine carry the cluster? Said before anything is changed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import binaries, names, toolchain
from .packages import missing_programs


def obstacles() -> list[str]:
    """Each thing that stands in the way, in words; empty where `up` can run."""
    if sys.platform != "linux":
        return [f"the cluster needs Linux, this is {sys.platform}"]
    if os.geteuid() != 0:
        return ["not root: containers, mounts and iptables need it"]
    found = []
    assets = os.environ.get("KUBE_ASSETS")
    if assets and not Path(assets).is_dir():
        found.append(f"KUBE_ASSETS={assets} is not a folder")
    if not assets and not binaries.made() and not toolchain.can_be_had():
        found.append(
            "no Go, and no pip to fetch it: put `go` (1.26 or newer) on PATH, or set KUBE_ASSETS"
        )
    lacking = missing_programs()
    if lacking and not shutil.which("apt-get"):
        found.append(f"no apt-get to install {', '.join(lacking)}")
    if not shutil.which("openssl"):
        found.append("no openssl")
    if not Path("/sys/fs/cgroup").is_dir():
        found.append("no control groups under /sys/fs/cgroup")
    if names.KUBELET.is_dir() and any(names.KUBELET.iterdir()) and not names.KUBELET_MARK.exists():
        found.append(f"{names.KUBELET} belongs to another kubelet")
    return found

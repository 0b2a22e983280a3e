"""The cluster's part of the machine's firewall: what kube-proxy, CNI and kube-router leave, and a rule of ours."""

from __future__ import annotations

import re
import shutil
from typing import Final

from . import names
from .shell import ClusterError, run, say

# Chains of kube-proxy, the kubelet and kube-router; of CNI's bridge and portmap; rules of ours.
_OURS: Final = re.compile(r"(?:^:|-A |-j |-g )(?:KUBE-|CNI-)|meninx-cluster")
_OUR_SET: Final = re.compile(r"^(?:inet6:)?KUBE-")

# kube-router refuses what a policy does not allow, and it learns of a new pod about a second after the
# pod has begun to talk. Dropped instead of refused, the pod's first packet is sent again and gets through.
# The refusal is told by the address inside of it, at byte 44, which is a pod's and not a Service's.
_SOFTEN: Final = (
    *("-o", names.BRIDGE, "-p", "icmp", "--icmp-type", "port-unreachable"),
    *("-m", "u32", "--u32", "44&0xFFFFFF00=0x0AF40000"),
    *("-m", "comment", "--comment", "meninx-cluster: a pod that is too early tries again"),
    *("-j", "DROP"),
)


def soften_refusals() -> None:
    """Let a pod that talks before the policies know it try again, instead of being refused."""
    try:
        run(["iptables", "-t", "mangle", "-A", "OUTPUT", *_SOFTEN])
    except ClusterError:
        say(
            "this kernel lacks the u32 match: a new pod may be refused for a second where a NetworkPolicy guards"
        )


def lines(tool: str = "iptables") -> list[str]:
    """The rules and chains that are the cluster's."""
    saved = run([f"{tool}-save"], check=False).splitlines() if shutil.which(tool) else []
    return [line for line in saved if _OURS.search(line)]


def sets() -> list[str]:
    """The sets of addresses that NetworkPolicies use."""
    listed = run(["ipset", "list", "-name"], check=False).split() if shutil.which("ipset") else []
    return [name for name in listed if _OUR_SET.match(name)]


def clear() -> None:
    """Remove them; the machine's other rules stay."""
    for tool in ("iptables", "ip6tables"):
        if lines(tool):
            saved = run([f"{tool}-save"]).splitlines()
            kept = [line for line in saved if not _OURS.search(line)]
            run([f"{tool}-restore"], stdin="\n".join(kept) + "\n")
    for name in sets():
        run(["ipset", "destroy", name], check=False)

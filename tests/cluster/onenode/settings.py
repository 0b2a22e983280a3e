"""The files that containerd, CNI, the kubelet and kube-proxy read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import names, pki

_CONTAINERD = """\
version = 2
root = "{root}"
state = "{run}/containerd"
# `opt` would make a folder in /opt that nobody here uses.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Lowering oom_score_adj needs CAP_SYS_RESOURCE, which root in a container often lacks.
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{config}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "{run}/runc"
"""


def containerd() -> str:
    """containerd's config.toml."""
    return _CONTAINERD.format(
        root=names.CONTAINERD_ROOT,
        run=names.RUN,
        socket=names.CONTAINERD_SOCKET,
        pause=names.PAUSE_IMAGE,
        config=names.CONFIG,
    )


def network() -> dict[str, Any]:
    """CNI: pods on one bridge, masqueraded on the way out."""
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": names.POD_RANGE, "gateway": names.NODE_ADDRESS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(names.RUN / "ipam"),
    }
    bridge = {
        "type": "bridge",
        "bridge": names.BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": ipam,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": names.NETWORK, "plugins": [bridge, ports]}


def kubelet() -> dict[str, Any]:
    """The kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": names.NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1",
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": pki.certificate("ca")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki.certificate("kubelet-server"),
        "tlsPrivateKeyFile": pki.key("kubelet-server"),
        "containerRuntimeEndpoint": f"unix://{names.CONTAINERD_SOCKET}",
        "clusterDomain": "cluster.local",
        "clusterDNS": [names.DNS_ADDRESS],
        "resolvConf": "/etc/resolv.conf",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        # One node has nowhere to send an evicted pod, and its images come from no registry.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(names.LIB / "pod-logs"),
        "volumePluginDir": str(names.LIB / "volume-plugins"),
        "nodeStatusUpdateFrequency": "5s",
    }


def proxy() -> dict[str, Any]:
    """kube-proxy's configuration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "bindAddress": names.NODE_ADDRESS,
        "hostnameOverride": names.NODE,
        "clusterCIDR": names.POD_RANGE,
        "nodePortAddresses": [f"{names.NODE_ADDRESS}/32"],
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        "clientConnection": {"kubeconfig": pki.kubeconfig("proxy")},
        # The machine's own limits of connection tracking are left as they are.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def resolvers() -> list[str]:
    """The machine's name servers that a pod can reach too (none on its loopback)."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    return [server for server in servers if not server.startswith("127.") and server != "::1"]


def write() -> None:
    """Write all of them."""
    (names.CONFIG / "cni").mkdir(parents=True, exist_ok=True)
    (names.CONFIG / "containerd.toml").write_text(containerd())
    (names.CONFIG / "cni" / "10-meninx.conflist").write_text(json.dumps(network(), indent=2))
    (names.CONFIG / "kubelet.json").write_text(json.dumps(kubelet(), indent=2))
    (names.CONFIG / "proxy.json").write_text(json.dumps(proxy(), indent=2))

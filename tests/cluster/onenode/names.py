"""Every fixed name, address and folder of the cluster. They are the same whichever checkout runs it,
so that one checkout can clear away what another left.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

KUBERNETES: Final = "v1.36.3"

HERE: Final = Path(__file__).resolve().parent.parent
REPOSITORY: Final = HERE.parent.parent

# Built and downloaded things stay here; the cluster itself never lives in a checkout.
CACHE: Final = Path(os.environ.get("MENINX_CLUSTER_CACHE", REPOSITORY / ".cache" / "cluster"))
BIN: Final = CACHE / "bin"
KUBECONFIG: Final = CACHE / "kubeconfig"

RUN: Final = Path("/run/meninx-cluster")
LIB: Final = Path("/var/lib/meninx-cluster")
LOGS: Final = LIB / "logs"
PKI: Final = LIB / "pki"
CONFIG: Final = LIB / "config"
VOLUMES: Final = LIB / "volumes"
CONTAINERD_ROOT: Final = LIB / "containerd"
CONTAINERD_SOCKET: Final = RUN / "containerd.sock"
# Device plugins look for the kubelet here and nowhere else.
KUBELET: Final = Path("/var/lib/kubelet")
KUBELET_MARK: Final = KUBELET / ".meninx-cluster"

NODE: Final = "meninx-node"
NETWORK: Final = "meninx-cluster"
BRIDGE: Final = "mnx0"
NODE_ADDRESS: Final = "10.244.0.1"
POD_RANGE: Final = "10.244.0.0/24"
SERVICE_RANGE: Final = "10.96.0.0/16"
SERVICE_ADDRESS: Final = "10.96.0.1"
DNS_ADDRESS: Final = "10.96.0.10"
SERVER: Final = f"https://{NODE_ADDRESS}:6443"
ETCD: Final = "http://127.0.0.1:12379"
ETCD_PEER: Final = "http://127.0.0.1:12380"

PAUSE_IMAGE: Final = "meninx.local/cluster/pause:1"
NODE_IMAGE: Final = "meninx.local/cluster/node:1"

GPU_RESOURCE: Final = "nvidia.com/gpu"
GPU_LABEL: Final = "nvidia.com/gpu.product=NVIDIA-A100-PCIE-40GB"

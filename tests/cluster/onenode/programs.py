"""The command line of each of the cluster's processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from . import names, pki
from .binaries import path


def etcd() -> list[str]:
    """etcd on the loopback; no fsync: nothing of this cluster has to outlive a power cut."""
    return [
        path("etcd"),
        f"--data-dir={names.LIB}/etcd",
        f"--listen-client-urls={names.ETCD}",
        f"--advertise-client-urls={names.ETCD}",
        f"--listen-peer-urls={names.ETCD_PEER}",
        f"--initial-advertise-peer-urls={names.ETCD_PEER}",
        f"--initial-cluster=default={names.ETCD_PEER}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver() -> list[str]:
    """Role-based access, NodeRestriction; Pod Security admission is on by default."""
    return [
        path("kube-apiserver"),
        f"--bind-address={names.NODE_ADDRESS}",
        f"--advertise-address={names.NODE_ADDRESS}",
        "--secure-port=6443",
        f"--etcd-servers={names.ETCD}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--client-ca-file={pki.certificate('ca')}",
        f"--tls-cert-file={pki.certificate('apiserver')}",
        f"--tls-private-key-file={pki.key('apiserver')}",
        f"--kubelet-certificate-authority={pki.certificate('ca')}",
        f"--kubelet-client-certificate={pki.certificate('apiserver-to-kubelet')}",
        f"--kubelet-client-key={pki.key('apiserver-to-kubelet')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki.certificate('service-accounts')}",
        f"--service-account-signing-key-file={pki.key('service-accounts')}",
        f"--service-cluster-ip-range={names.SERVICE_RANGE}",
        "--profiling=false",
    ]


def controller_manager() -> list[str]:
    """All of Kubernetes' controllers, alone on its lock."""
    return [
        path("kube-controller-manager"),
        "--bind-address=127.0.0.1",
        f"--kubeconfig={pki.kubeconfig('controller-manager')}",
        f"--authentication-kubeconfig={pki.kubeconfig('controller-manager')}",
        f"--authorization-kubeconfig={pki.kubeconfig('controller-manager')}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki.key('service-accounts')}",
        f"--root-ca-file={pki.certificate('ca')}",
        f"--cluster-signing-cert-file={pki.certificate('ca')}",
        f"--cluster-signing-key-file={pki.key('ca')}",
        "--profiling=false",
    ]


def scheduler() -> list[str]:
    """The scheduler, alone on its lock."""
    return [
        path("kube-scheduler"),
        "--bind-address=127.0.0.1",
        f"--kubeconfig={pki.kubeconfig('scheduler')}",
        f"--authentication-kubeconfig={pki.kubeconfig('scheduler')}",
        f"--authorization-kubeconfig={pki.kubeconfig('scheduler')}",
        "--leader-elect=false",
        "--profiling=false",
    ]


def containerd() -> list[str]:
    """Debian's containerd with folders and a socket of our own."""
    return ["/usr/bin/containerd", f"--config={names.CONFIG}/containerd.toml"]


def kubelet() -> list[str]:
    """The node, with the product label that the GPU feature discovery would set."""
    return [
        path("kubelet"),
        f"--config={names.CONFIG}/kubelet.json",
        f"--kubeconfig={pki.kubeconfig('kubelet')}",
        f"--root-dir={names.KUBELET}",
        f"--hostname-override={names.NODE}",
        f"--node-ip={names.NODE_ADDRESS}",
        f"--node-labels={names.GPU_LABEL}",
    ]


def proxy() -> list[str]:
    """Services by iptables."""
    return [path("kube-proxy"), f"--config={names.CONFIG}/proxy.json"]


def netpol() -> list[str]:
    """NetworkPolicies by iptables and ipset."""
    command = [path("meninx-cluster-node"), "netpol", "-kubeconfig", pki.kubeconfig("netpol")]
    return [*command, "-node", names.NODE, "-services", names.SERVICE_RANGE]


COMMANDS: Final[dict[str, Callable[[], list[str]]]] = {
    "etcd": etcd,
    "kube-apiserver": apiserver,
    "containerd": containerd,
    "kube-controller-manager": controller_manager,
    "kube-scheduler": scheduler,
    "kubelet": kubelet,
    "kube-proxy": proxy,
    "netpol": netpol,
}

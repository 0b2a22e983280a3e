"""The cluster's keys and certificates, made by openssl, and the kubeconfigs that carry them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import names
from .shell import run

_DAYS: Final = "365"
_SERVICE_NAMES: Final = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True)
class Identity:
    """A certificate's subject; `names` makes it a server's."""

    user: str
    group: str = ""
    names: tuple[str, ...] = ()


IDENTITIES: Final = {
    "admin": Identity("meninx-admin", "system:masters"),
    "apiserver": Identity(
        "kube-apiserver",
        names=(
            *(f"DNS:{name}" for name in _SERVICE_NAMES),
            "DNS:kubernetes.default.svc.cluster.local",
            "DNS:localhost",
            "IP:127.0.0.1",
            f"IP:{names.NODE_ADDRESS}",
            f"IP:{names.SERVICE_ADDRESS}",
        ),
    ),
    "apiserver-to-kubelet": Identity("kube-apiserver-kubelet-client", "system:masters"),
    "controller-manager": Identity("system:kube-controller-manager"),
    "scheduler": Identity("system:kube-scheduler"),
    "proxy": Identity("system:kube-proxy"),
    "netpol": Identity("meninx:netpol"),
    "kubelet": Identity(f"system:node:{names.NODE}", "system:nodes"),
    "kubelet-server": Identity(
        f"system:node:{names.NODE}", names=(f"DNS:{names.NODE}", f"IP:{names.NODE_ADDRESS}")
    ),
}


def certificate(name: str) -> str:
    """Path of a certificate."""
    return str(names.PKI / f"{name}.crt")


def key(name: str) -> str:
    """Path of a private key."""
    return str(names.PKI / f"{name}.key")


def kubeconfig(name: str) -> str:
    """Path of an identity's kubeconfig."""
    return str(names.PKI / f"{name}.kubeconfig")


def make() -> None:
    """Make what is missing: the authority, the key of service accounts, each identity."""
    done = names.PKI / ".complete"
    if done.exists():
        return
    names.PKI.mkdir(parents=True, exist_ok=True, mode=0o700)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    authority = ["-subj", "/CN=meninx-cluster", "-days", _DAYS]
    run(
        [
            "openssl",
            "req",
            "-x509",
            *curve,
            *authority,
            "-keyout",
            key("ca"),
            "-out",
            certificate("ca"),
        ]
    )
    run(["openssl", "genrsa", "-out", key("service-accounts"), "2048"])
    public = certificate("service-accounts")
    run(["openssl", "rsa", "-in", key("service-accounts"), "-pubout", "-out", public])
    for name, identity in IDENTITIES.items():
        _sign(name, identity, curve)
        _write_kubeconfig(name)
    done.touch()


def _sign(name: str, identity: Identity, curve: list[str]) -> None:
    group = f"/O={identity.group}" if identity.group else ""
    request = names.PKI / f"{name}.csr"
    subject = ["-subj", f"{group}/CN={identity.user}"]
    run(["openssl", "req", "-new", *curve, *subject, "-keyout", key(name), "-out", request])
    use = "serverAuth" if identity.names else "clientAuth"
    lines = ["basicConstraints=CA:FALSE", "keyUsage=digitalSignature", f"extendedKeyUsage={use}"]
    if identity.names:
        lines.append(f"subjectAltName={','.join(identity.names)}")
    extensions = names.PKI / f"{name}.ext"
    extensions.write_text("\n".join(lines) + "\n")
    by = ["-CA", certificate("ca"), "-CAkey", key("ca"), "-CAcreateserial", "-days", _DAYS]
    ask = ["openssl", "x509", "-req", "-in", str(request), *by]
    run([*ask, "-extfile", str(extensions), "-out", certificate(name)])
    request.unlink()
    extensions.unlink()


def _write_kubeconfig(name: str) -> None:
    def data(path: str) -> str:
        return base64.b64encode(Path(path).read_bytes()).decode()

    cluster = {"server": names.SERVER, "certificate-authority-data": data(certificate("ca"))}
    user = {"client-certificate-data": data(certificate(name)), "client-key-data": data(key(name))}
    context = {"cluster": names.NETWORK, "user": name}
    # JSON is YAML, and the standard library writes it.
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": names.NETWORK, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": names.NETWORK, "context": context}],
        "current-context": names.NETWORK,
    }
    file = Path(kubeconfig(name))
    file.touch(mode=0o600)
    file.write_text(json.dumps(config, indent=2) + "\n")

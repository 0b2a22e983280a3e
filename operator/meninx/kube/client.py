"""Calls to the API server: credentials, time limits, retries of transport, raw JSON in and out.

The `kubernetes` package brings configuration, credentials and the connection pool. Its generated
models are left aside: manifests are plain dicts here, as people write them.
"""

import datetime as dt
import json
import os
from collections.abc import Mapping
from typing import Any, Protocol, Self
from urllib.parse import urlencode

import urllib3
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiClient, Configuration

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import BadInput, Conflict, NotFound
from meninx.kube import errors
from meninx.kube.events import EventType, event_manifest
from meninx.kube.kinds import EVENT, Kind

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 20.0
_PAGE = "500"
_JSON = "application/json"
_APPLY = "application/apply-patch+yaml"


class Api(Protocol):
    """The API server, as our rooms see it; every call may raise an error of base.errors."""

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return an object, or None where it does not exist."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects of a kind that carry the labels; all namespaces where it is None."""
        ...

    def apply(
        self, kind: Kind, manifest: dict[str, Any], *, manager: str, subresource: str | None = None
    ) -> dict[str, Any]:
        """Server-side apply (force) as `manager`; return the object as it is then."""
        ...

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None
    ) -> bool:
        """Delete an object and what it owns; False where it (that uid) is gone already."""
        ...

    def event(
        self,
        involved: dict[str, Any],
        *,
        type: EventType,  # noqa: A002
        reason: str,
        message: str,
        component: str,
    ) -> None:
        """Say something about an object once: the same words again change nothing."""
        ...


def _configuration() -> Configuration:
    configuration = Configuration()
    configuration.retries = urllib3.Retry(total=1, connect=1, read=0, redirect=0)
    try:
        if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
            kubernetes_config.load_incluster_config(client_configuration=configuration)
        else:
            kubernetes_config.load_kube_config(client_configuration=configuration)
    except kubernetes_config.ConfigException as error:
        raise BadInput(
            f"no way to the API server ({error}): set KUBECONFIG, or run in a pod"
        ) from error
    return configuration


class KubeApi:
    """The API server itself; safe to call from several threads."""

    def __init__(self, configuration: Configuration, clock: Clock | None = None) -> None:
        self._client = ApiClient(configuration)
        self._clock = clock or SystemClock()

    @classmethod
    def connect(cls) -> Self:
        """Use the pod's service account, or KUBECONFIG; no call is made yet."""
        return cls(_configuration())

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return an object, or None where it does not exist."""
        status, body = self._send("GET", kind.path(namespace, name), _subject(kind, name))
        if status == 404 and errors.says_object_is_absent(body):
            return None
        return _read(status, body, _subject(kind, name))

    def list(
        self, kind: Kind, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects of a kind that carry the labels, page by page."""
        query = {"limit": _PAGE}
        if labels:
            query["labelSelector"] = ",".join(f"{key}={value}" for key, value in labels.items())
        items: list[dict[str, Any]] = []
        subject = f"list of {kind.plural}"
        while True:
            status, body = self._send("GET", kind.path(namespace), subject, query=query)
            page = _read(status, body, subject)
            items += page.get("items") or []
            token = page.get("metadata", {}).get("continue")
            if not token:
                break
            query["continue"] = token
        typed = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [{**typed, **item} for item in items]

    def apply(
        self, kind: Kind, manifest: dict[str, Any], *, manager: str, subresource: str | None = None
    ) -> dict[str, Any]:
        """Server-side apply (force) as `manager`; return the object as it is then."""
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace"), metadata["name"], subresource=subresource)
        whole = {"apiVersion": kind.api_version, "kind": kind.kind, **manifest}
        subject = _subject(kind, metadata["name"])
        query = {"fieldManager": manager, "force": "true"}
        status, body = self._send(
            "PATCH", path, subject, query=query, body=whole, content_type=_APPLY
        )
        return _read(status, body, subject)

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None
    ) -> bool:
        """Delete an object and, in the background, what it owns."""
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
        }
        if uid:
            options["preconditions"] = {"uid": uid}
        subject = _subject(kind, name)
        status, body = self._send("DELETE", kind.path(namespace, name), subject, body=options)
        try:
            _read(status, body, subject)
        except NotFound:
            return False
        except Conflict:
            if uid:  # another object has that name now: the one meant is gone
                return False
            raise
        return True

    def event(
        self,
        involved: dict[str, Any],
        *,
        type: EventType,  # noqa: A002
        reason: str,
        message: str,
        component: str,
    ) -> None:
        """Say something about an object once: the same words again change nothing."""
        now: dt.datetime = self._clock.now()
        manifest = event_manifest(
            involved, type=type, reason=reason, message=message, component=component, now=now
        )
        namespace = manifest["metadata"]["namespace"]
        subject = _subject(EVENT, manifest["metadata"]["name"])
        status, body = self._send("POST", EVENT.path(namespace), subject, body=manifest)
        if status != 409:
            _read(status, body, subject)

    def _send(
        self,
        method: str,
        path: str,
        subject: str,
        *,
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = _JSON,
    ) -> tuple[int, bytes]:
        headers = {"Accept": _JSON, "User-Agent": "meninx"}
        self._client.update_params_for_auth(headers, [], ["BearerToken"])
        if body is not None:
            headers["Content-Type"] = content_type
        url = self._client.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._client.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise errors.from_transport(error, subject) from error
        return response.status, response.data


def _subject(kind: Kind, name: str) -> str:
    return f"{kind.kind} {name}"


def _read(status: int, body: bytes, subject: str) -> dict[str, Any]:
    if not 200 <= status <= 299:
        raise errors.from_response(status, body, subject)
    try:
        document = json.loads(body)
    except ValueError as error:
        raise errors.from_response(status, body, subject) from error
    if not isinstance(document, dict):
        raise errors.from_response(status, body, subject)
    return document

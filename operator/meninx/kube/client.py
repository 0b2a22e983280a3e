"""Calls to the API server: credentials, time limits, retries of transport, raw JSON in and out.

The `kubernetes` package brings configuration, credentials and the connection pool. Its generated
models are left aside: manifests are plain dicts here, as people write them.
"""

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any, Protocol, Self
from urllib.parse import urlencode

import urllib3
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiClient, Configuration
from pydantic_core import from_json, to_json

from meninx.base.clock import Clock, SystemClock
from meninx.base.errors import BadInput, Conflict, NotFound, Unavailable
from meninx.kube import errors
from meninx.kube.events import EventType, event_manifest
from meninx.kube.kinds import EVENT, Kind
from meninx.kube.watch import retry_after

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

    def absent(self, kind: Kind, namespace: str, name: str) -> bool:
        """Tell whether there is no object of that name; needs no right to read it, only to create."""
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


def context_namespace() -> str | None:
    """Return the namespace of the kubeconfig's context; None where there is none."""
    try:
        _, active = kubernetes_config.list_kube_config_contexts()
    except (kubernetes_config.ConfigException, OSError):
        return None
    found = (active.get("context") or {}).get("namespace")
    return str(found) if found else None


class KubeApi:
    """The API server itself; safe to call from several threads."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock | None = None,
        *,
        patience_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self._client = ApiClient(configuration)
        self._clock = clock or SystemClock()
        connect = min(CONNECT_TIMEOUT_SECONDS, patience_seconds)
        self._timeout = urllib3.Timeout(connect=connect, read=patience_seconds)

    @classmethod
    def connect(cls, *, patience_seconds: float = READ_TIMEOUT_SECONDS) -> Self:
        """Use the pod's service account, or KUBECONFIG; no call is made yet."""
        return cls(_configuration(), patience_seconds=patience_seconds)

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return an object, or None where it does not exist."""
        answer = self._send("GET", kind.path(namespace, name), _subject(kind, name))
        if answer.status == 404 and errors.says_object_is_absent(answer.data):
            return None
        return _read(answer, _subject(kind, name))

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
            page = self.page(kind.path(namespace), query, subject)
            items += page.get("items") or []
            token = page.get("metadata", {}).get("continue")
            if not token:
                break
            query["continue"] = token
        typed = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [{**typed, **item} for item in items]

    def page(self, path: str, query: Mapping[str, str], subject: str) -> dict[str, Any]:
        """Return one page of a collection as the server gives it."""
        return _read(self._send("GET", path, subject, query=query), subject)

    def apply(
        self, kind: Kind, manifest: dict[str, Any], *, manager: str, subresource: str | None = None
    ) -> dict[str, Any]:
        """Server-side apply (force) as `manager`; return the object as it is then."""
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace"), metadata["name"], subresource=subresource)
        whole = {"apiVersion": kind.api_version, "kind": kind.kind, **manifest}
        subject = _subject(kind, metadata["name"])
        query = {"fieldManager": manager, "force": "true"}
        answer = self._send("PATCH", path, subject, query=query, body=whole, content_type=_APPLY)
        return _read(answer, subject)

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
        answer = self._send("DELETE", kind.path(namespace, name), subject, body=options)
        try:
            _read(answer, subject)
        except NotFound:
            return False
        except Conflict:
            if uid:  # another object has that name now: the one meant is gone
                return False
            raise
        return True

    def absent(self, kind: Kind, namespace: str, name: str) -> bool:
        """Tell whether there is no object of that name; needs no right to read it, only to create.

        It is created for show (dryRun): nothing is stored, and a Secret's content is not sent to us.
        """
        subject = _subject(kind, name)
        typed = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        query = {"dryRun": "All"}
        answer = self._send("POST", kind.path(namespace), subject, query=query, body=typed)
        if answer.status == 409:
            return False
        _read(answer, subject)
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
        answer = self._send("POST", EVENT.path(namespace), subject, body=manifest)
        if answer.status != 409:
            _read(answer, subject)

    def create(self, kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
        """Create an object; Conflict where it exists."""
        metadata = manifest["metadata"]
        subject = _subject(kind, metadata["name"])
        path = kind.path(metadata.get("namespace"))
        return _read(self._send("POST", path, subject, body=manifest), subject)

    def replace(self, kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write a whole object; Conflict where it is no longer at the manifest's resourceVersion."""
        metadata = manifest["metadata"]
        subject = _subject(kind, metadata["name"])
        path = kind.path(metadata.get("namespace"), metadata["name"])
        return _read(self._send("PUT", path, subject, body=manifest), subject)

    def stream(
        self, path: str, query: Mapping[str, str], *, silence_seconds: float
    ) -> urllib3.BaseHTTPResponse:
        """Begin to read a collection; to be closed by the caller. It ends by itself when silent.

        Raises urllib3's errors and OSError; after one, `forget_connections` is due.
        """
        return self._pool.request(
            "GET",
            self._url(path, query),
            headers=self._headers(),
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=silence_seconds),
            retries=False,
            preload_content=False,
        )

    def forget_connections(self) -> None:
        """Use no connection again that is idle now; calls that are under way go on.

        Where one went silent (a firewall or a node that forgot it) the idle ones did too, and each
        would cost a time-out of its own.
        """
        self._pool.clear()

    @property
    def _pool(self) -> urllib3.PoolManager:
        pool: urllib3.PoolManager = self._client.rest_client.pool_manager
        return pool

    def _headers(self) -> dict[str, str]:
        """Return the headers of any call; the token is read anew as the library sees fit."""
        headers = {"Accept": _JSON, "User-Agent": "meninx"}
        self._client.update_params_for_auth(headers, [], ["BearerToken"])
        return headers

    def _url(self, path: str, query: Mapping[str, str] | None) -> str:
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self._client.configuration.host}{path}{asked}"

    def text(self, path: str, subject: str, *, query: Mapping[str, str] | None = None) -> str:
        """Return what a path answers as text, such as a container's log."""
        answer = self._send("GET", path, subject, query=query)
        if not 200 <= answer.status <= 299:
            raise errors.from_response(answer.status, answer.data, subject)
        return answer.data.decode(errors="replace")

    def _send(
        self,
        method: str,
        path: str,
        subject: str,
        *,
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = _JSON,
    ) -> urllib3.BaseHTTPResponse:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            return self._pool.request(
                method,
                self._url(path, query),
                body=None if body is None else to_json(body),
                headers=headers,
                timeout=self._timeout,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.forget_connections()
            raise errors.from_transport(error, subject) from error


def _subject(kind: Kind, name: str) -> str:
    return f"{kind.kind} {name}"


def _read(answer: urllib3.BaseHTTPResponse, subject: str) -> dict[str, Any]:
    if not 200 <= answer.status <= 299:
        error = errors.from_response(answer.status, answer.data, subject)
        if isinstance(error, Unavailable):
            error.retry_after_seconds = retry_after(answer.headers)
        raise error
    try:
        document = from_json(answer.data, cache_strings="keys")
    except ValueError as error:
        raise errors.from_response(answer.status, answer.data, subject) from error
    if not isinstance(document, dict):
        raise errors.from_response(answer.status, answer.data, subject)
    return document

import json

import pytest
import urllib3
from tests.support.api_server import scripted_server

from meninx.base.errors import (
    BadInput,
    Conflict,
    MeninxError,
    NotFound,
    Unauthorised,
    Unavailable,
)
from meninx.kube import errors
from meninx.kube.client import KubeApi
from meninx.kube.kinds import JOB


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_is_an_error_of_ours_with_a_remedy(status: int) -> None:
    assert errors.error_class(status) in errors.REMEDIES


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Unavailable),
        (400, BadInput),
        (401, Unauthorised),
        (403, Unauthorised),
        (404, NotFound),
        (408, Unavailable),
        (409, Conflict),
        (410, Conflict),
        (413, BadInput),
        (415, BadInput),
        (422, BadInput),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
def test_status_raises_its_error_through_the_client(status: int, kind: type[MeninxError]) -> None:
    body = {"kind": "Status", "message": "spec.x: Invalid value"}
    with scripted_server((status, body)) as server, pytest.raises(kind, match=str(status)):
        KubeApi(server.configuration()).apply(
            JOB, {"metadata": {"name": "a", "namespace": "ns"}}, manager="m"
        )


def test_the_servers_own_sentence_is_kept_and_bounded() -> None:
    body = json.dumps({"message": "spec.volume: Unsupported value " + "x" * 5000}).encode()
    message = str(errors.from_response(422, body, "InferenceJob a"))
    assert message.startswith("InferenceJob a: the API server answered 422 (spec.volume")
    assert len(message) < 800


def _foreign() -> list[type[Exception]]:
    todo: list[type[Exception]] = [urllib3.exceptions.HTTPError]
    found: list[type[Exception]] = []
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


@pytest.mark.parametrize("foreign", [*_foreign(), OSError, ConnectionResetError], ids=str)
def test_every_transport_error_is_unavailable(
    foreign: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server((200, {})) as server:
        api = KubeApi(server.configuration())
    error = foreign.__new__(foreign)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(api._client.rest_client.pool_manager, "request", fail)
    with pytest.raises(Unavailable, match=foreign.__name__):
        api.get(JOB, "ns", "a")

"""Probes and metrics need no token, and hold no identity."""

import pytest
from tests.support.identity import leaks
from tests.support.make import STUDY_UID
from tests.unit.web.conftest import Client, Health

from meninx.base.errors import BadInput, MeninxError
from meninx.ingress.metrics import INSTANCES, aet_label
from meninx.web.app import STATUSES, status_of


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probe_follows_what_the_process_says(
    client: Client, health: Health, path: str
) -> None:
    assert (await client.get(path)).status == 200
    health.alive = health.ready = False
    assert (await client.get(path)).status == 503


async def test_metrics_name_no_patient_and_no_study(client: Client) -> None:
    INSTANCES.labels("success", aet_label("SCANNER1")).inc()
    text = await (await client.get("/metrics")).text()
    assert 'meninx_instances_received_total{calling_aet="SCANNER1"' in text
    assert leaks(text) == []
    assert STUDY_UID not in text


def test_every_error_of_ours_has_a_status() -> None:
    assert {status_of(kind.__new__(kind)) for kind, _ in STATUSES} == {
        status for _, status in STATUSES
    }
    assert status_of(BadInput("x")) == 400
    assert status_of(MeninxError("x")) == 500

"""A store with an open DICOM port on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.dicom_peers import LOOPBACK
from tests.support.make import PRIVACY_KEY

from meninx.ingress.listener import Listener, Settings
from meninx.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path, PRIVACY_KEY, reserve_bytes=0)
    yield opened
    opened.close()


@pytest.fixture
def listener(store: Store) -> Iterator[Listener]:
    settings = Settings(
        host=LOOPBACK,
        port=0,
        max_associations=20,
        network_timeout_seconds=2,
        request_timeout_seconds=1,
    )
    opened = Listener(settings, store)
    opened.start()
    yield opened
    opened.stop(patience_seconds=5)

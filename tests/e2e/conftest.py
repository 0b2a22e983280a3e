"""One site for the tier: the cluster, the hospital and the chart as the demo has them."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.demo.shell import DemoFailed
from tests.e2e import site as sites
from tests.e2e.site import Site

Describe = Callable[[str], str]


@pytest.fixture(scope="session")
def site() -> Site:
    """Return the site; where no cluster can be had the tier fails and says why."""
    try:
        return sites.build()
    except DemoFailed as failure:
        pytest.fail(f"no site to test on: {failure}")


@pytest.fixture
def routed(site: Site) -> Iterator[Describe]:
    """Return a function: a model's behaviour to the StudyDescription whose studies it gets."""
    with ExitStack() as stack:

        def begin(behaviour: str) -> str:
            description = f"E2E-{behaviour.upper()}-{uuid.uuid4().hex[:6].upper()}"
            stack.enter_context(sites.route(site, behaviour, description))
            return description

        yield begin

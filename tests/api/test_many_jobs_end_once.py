"""Hundreds of jobs at once, and an operator that dies again and again: none lost, none doubled."""

import pytest
from tests.bench import scale


@pytest.mark.timeout(400)
@pytest.mark.rule("once")
def test_many_jobs_end_once_though_the_operator_is_killed_again_and_again() -> None:
    with scale.site() as site:
        operator = scale.Operator(site)
        operator.start()
        with scale.killed_every(operator, 3, at_work=True) as kills:
            report = site.standin("run", "-jobs", "600", "-limit", "300s")
        operator.end()
    assert kills
    assert report["phases"] == {"Succeeded": 600}
    assert (report["lost"], report["doubled"]) == (0, 0)

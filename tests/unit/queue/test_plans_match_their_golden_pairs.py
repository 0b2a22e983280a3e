from pathlib import Path
from typing import Any

import pytest
from tests.support.golden import cases, hold
from tests.support.queueing import read_case, write_plan

from meninx.controller.queue.admit import plan

GOLDEN = Path(__file__).parent / "golden"


def _answer(case: Any) -> Any:
    given = read_case(case)
    return write_plan(given, plan(given))


@pytest.mark.parametrize("case", cases(GOLDEN))
def test_plan_of_a_snapshot_is_the_golden_one(case: str) -> None:
    hold(GOLDEN, case, _answer)

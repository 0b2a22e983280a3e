from pathlib import Path

import pytest
from tools.rules import RULES, held_by

FOUND = held_by(Path(__file__).resolve().parents[2])


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_the_design_has_tests(rule: str) -> None:
    assert FOUND[rule]


def test_each_mark_names_a_rule_of_the_design() -> None:
    assert set(FOUND) <= set(RULES)

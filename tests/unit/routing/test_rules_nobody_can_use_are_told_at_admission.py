from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meninx.imaging.match import holds, judge, problems
from meninx.resources.predicates import Condition, Predicate, Range

ADMITTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "keyword": ({"attribute": "SeriesDescription", "exists": True}, []),
    "derived fact": ({"attribute": "Series.Plane", "equals": "Axial"}, []),
    "sender": ({"attribute": "CallingAETitle", "equals": "SCANNER1"}, []),
    "misspelt": ({"attribute": "SeriesDescripton", "exists": True}, ["UnknownAttribute"]),
    "patient": ({"attribute": "PatientName", "contains": "A"}, ["UnknownAttribute"]),
    "expression": ({"attribute": "ProtocolName", "matches": "t1|mprage"}, []),
    "open bracket": ({"attribute": "ProtocolName", "matches": "t1("}, ["BadExpression"]),
    "look-ahead": ({"attribute": "ProtocolName", "matches": "(?=t1)"}, ["BadExpression"]),
    "both": ({"attribute": "Nope", "matches": "["}, ["UnknownAttribute", "BadExpression"]),
}


@pytest.mark.parametrize(("condition", "reasons"), ADMITTED.values(), ids=ADMITTED.keys())
@pytest.mark.parametrize("part", ["all", "any", "none"])
def test_problem_is_found_wherever_the_condition_stands(
    part: str, condition: dict[str, Any], reasons: list[str]
) -> None:
    found = list(problems(Predicate.model_validate({part: [condition]})))
    assert [str(problem.reason) for problem in found] == reasons
    assert all(condition["attribute"] in problem.message for problem in found)


HOSTILE = ["(a+)+$", "(a|aa)+$", "(.*a){12}", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_hostile_expression_ends_on_hostile_text(pattern: str) -> None:
    condition = Condition(attribute="ProtocolName", matches=pattern)
    assert holds(condition, {"ProtocolName": "a" * 100_000 + "!"}) in {True, False}


def test_expression_looks_at_the_start_of_an_endless_text() -> None:
    condition = Condition(attribute="ProtocolName", matches="t1")
    assert holds(condition, {"ProtocolName": "a" * 1000 + "t1"})
    assert not holds(condition, {"ProtocolName": "a" * 1024 + "t1"})


_TEXT = st.text(max_size=40)
_CONDITIONS = st.one_of(
    st.builds(Condition, attribute=st.just("ProtocolName"), equals=_TEXT),
    st.builds(Condition, attribute=st.just("ProtocolName"), contains=_TEXT),
    st.builds(Condition, attribute=st.just("ProtocolName"), matches=_TEXT),
    st.builds(Condition, attribute=st.just("ProtocolName"), exists=st.booleans()),
    st.builds(
        Condition,
        attribute=st.just("ProtocolName"),
        range=st.builds(Range, min=st.none() | st.floats(), max=st.none() | st.floats()),
    ),
)


@given(st.lists(_CONDITIONS, max_size=4), st.dictionaries(st.just("ProtocolName"), _TEXT))
def test_any_predicate_on_any_value_gets_an_answer(
    conditions: list[Condition], facts: dict[str, str]
) -> None:
    predicate = Predicate(all=conditions, any=conditions, none=conditions)
    verdict = judge(predicate, facts)
    assert verdict.holds is (not conditions)
    assert bool(verdict.why_not) is not verdict.holds


@given(_CONDITIONS)
def test_absent_attribute_fulfils_nothing_but_its_absence(condition: Condition) -> None:
    assert holds(condition, {}) is (condition.exists is False)

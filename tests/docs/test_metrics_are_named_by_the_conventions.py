import re
from pathlib import Path

import pytest
from tools.metrics_page import Row, ingress_rows, operator_rows, page

ROOT = Path(__file__).resolve().parents[2]
ROWS = [*operator_rows(), *ingress_rows()]
PLURALS = ("milliseconds", "minutes", "hours", "kilobytes", "mib", "percent")
TOO_MANY = {"job", "name", "uid", "study", "series", "pod", "patient", "instance"}


def test_page_of_metrics_is_fresh() -> None:
    assert (ROOT / "docs/reference/metrics.md").read_text() == page()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_name_says_base_unit_and_kind(row: Row) -> None:
    assert re.fullmatch(r"meninx_[a-z_]+", row.name)
    assert row.name.endswith("_total") is (row.type == "counter")
    assert not any(unit in row.name for unit in PLURALS)
    if row.type == "histogram":
        assert row.name.endswith("_seconds")
    assert row.text.endswith(".")


@pytest.mark.rule("no-patient-in-the-control-plane")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_label_grows_with_jobs_or_names_a_study(row: Row) -> None:
    assert not TOO_MANY & set(row.labels)

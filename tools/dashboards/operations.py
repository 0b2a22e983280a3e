"""The operations dashboard, made with Grafana's own SDK from `panels`."""

from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)
from tools.dashboards.panels import ROWS, Query, Shown

PATH = Path(__file__).resolve().parents[2] / "charts/meninx/dashboards/operations.json"
UID = "meninx-operations"
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHTS = {"number": 4, "lines": 8, "stack": 8}
Panel = stat.Panel | timeseries.Panel


def _target(query: Query, number: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + number))
        .datasource(_SOURCE)
    )


def _number(shown: Shown) -> stat.Panel:
    steps = [Threshold(value=None, color="green")]
    if shown.bad_from is not None:
        steps.append(Threshold(value=shown.bad_from, color="red"))
    thresholds = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    panel = stat.Panel().graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
    return panel.thresholds(thresholds)


def _lines(shown: Shown) -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    legend = legend.placement(LegendPlacement.BOTTOM).show_legend(True)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    panel = timeseries.Panel().legend(legend).tooltip(tooltip).min(0)
    if shown.kind == "stack":
        stacking = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        panel = panel.stacking(stacking).fill_opacity(25)
    return panel


def _panel(shown: Shown, number: int) -> Panel:
    panel: Any = _number(shown) if shown.kind == "number" else _lines(shown)
    panel = panel.id(number).title(shown.title).description(shown.text).unit(shown.unit)
    panel = panel.datasource(_SOURCE).span(shown.width).height(_HEIGHTS[shown.kind])
    for place, query in enumerate(shown.queries):
        panel = panel.with_target(_target(query, place))
    made: Panel = panel
    return made


def _choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(_SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def operations() -> dashboard.Dashboard:
    """Return the dashboard's builder."""
    board = (
        dashboard.Dashboard("Meninx: operations")
        .uid(UID)
        .tags(["meninx"])
        .readonly()
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(
            _choice("namespace", "Namespace", "label_values(meninx_leader, namespace)")
        )
        .with_variable(_choice("model", "Model", "label_values(meninx_inferencejobs, model)"))
    )  # fmt: skip
    number = 1
    for title, row in ROWS:
        board = board.with_row(dashboard.Row(title))
        for shown in row:
            board = board.with_panel(_panel(shown, number))
            number += 1
    return board


def document() -> str:
    """Return the dashboard as the JSON that Grafana takes."""
    return JSONEncoder(sort_keys=True, indent=2).encode(operations().build()) + "\n"

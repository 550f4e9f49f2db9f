"""What our panels have in common: one data source, a unit, a description, a place in the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import bargauge, dashboard, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common, prometheus
from grafana_foundation_sdk.models import dashboard as models

P = TypeVar("P")
Panels = Mapping[str, Sequence[Any]]
"""The panels (builders of any kind) of each row."""
Step = tuple[float | None, str]
Target = tuple[str, str]
"""A query and how its series are named."""

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, ORANGE, RED = "green", "orange", "red"
FINE: Step = (None, GREEN)
RATE = "[$__rate_interval]"
REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HOUR_S = 3600


def query(expr: str, legend: str = "", *, ref: str = "A", instant: bool = False) -> Dataquery:
    """Return a query of the dashboard's data source."""
    found = Dataquery().expr(" ".join(expr.split())).legend_format(legend).ref_id(ref)
    found = found.datasource(SOURCE)
    return found.instant() if instant else found.range()


def number(
    title: str, meaning: str, expr: str, unit: str, *steps: Step, width: int = 4
) -> stat.Panel:
    """Return one number with thresholds: is it doing its job?"""
    panel = _panel(stat.Panel(), title, meaning, unit, width, 4)
    panel.with_target(query(expr, instant=True)).thresholds(_thresholds(steps))
    panel.color_mode(common.BigValueColorMode.BACKGROUND)
    panel.graph_mode(common.BigValueGraphMode.NONE)
    return panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))


def lines(  # noqa: PLR0913  what a chart shows, one by one
    title: str,
    meaning: str,
    unit: str,
    *targets: Target,
    width: int = 8,
    height: int = 7,
    stacked: bool = False,
    limit: float | None = None,
) -> timeseries.Panel:
    """Return a chart over time; ``limit`` is drawn as a dashed line."""
    panel = _panel(timeseries.Panel(), title, meaning, unit, width, height)
    panel.line_width(1).fill_opacity(40 if stacked else 10).min(0)
    panel.show_points(common.VisibilityMode.NEVER).legend(_legend())
    tooltip = build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    if stacked:
        panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL))
    if limit is not None:
        dashed = build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_thresholds((FINE, (limit, RED)))).thresholds_style(dashed)
    for ref, (expr, legend) in zip(REFS[: len(targets)], targets, strict=True):
        panel.with_target(query(expr, legend, ref=ref))
    return panel


def bars(title: str, meaning: str, expr: str, legend: str, *, width: int = 8) -> bargauge.Panel:
    """Return horizontal bars of the present values."""
    panel = _panel(bargauge.Panel(), title, meaning, "short", width, 7)
    panel.orientation(common.VizOrientation.HORIZONTAL)
    panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.with_target(query(expr, legend, instant=True))
    return panel


def rows(title: str, meaning: str, expr: str, *, width: int = 12) -> table.Panel:
    """Return a table of the present series."""
    panel = _panel(table.Panel(), title, meaning, "short", width, 7)
    shown = query(expr, instant=True).format(prometheus.PromQueryFormat.TABLE)
    return panel.with_target(shown)


def buckets(title: str, meaning: str, expr: str, *, width: int = 24) -> heatmap.Panel:
    """Return a histogram over time."""
    panel = _panel(heatmap.Panel(), title, meaning, "s", width, 9)
    panel.calculate(False)
    shown = query(expr, "{{le}}").format(prometheus.PromQueryFormat.HEATMAP)
    return panel.with_target(shown.exemplar(True))


def linked(panel: timeseries.Panel, title: str, uid: str, more: str = "") -> timeseries.Panel:
    """Return the panel with a way from its series to another dashboard, for the same time."""
    way = dashboard.DashboardLink(title).url(f"/d/{uid}?${{__url_time_range}}{more}")
    return panel.data_links([way])


def quantile(share: float, histogram: str, *by: str, of: str = "", over: str = RATE) -> str:
    """Return the query for a quantile of a histogram, by labels, of the series chosen.

    ``over``: the window; what happens twice an hour needs hours.
    """
    labels = ", ".join(("le", *by))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{of}{over})))"


def dashboard_of(title: str, uid: str, meaning: str, panels: Panels) -> dashboard.Dashboard:
    """Return a dashboard: read-only, with our links and the choice of data source."""
    ours = ["amazon-connector"]
    found = dashboard.Dashboard(f"Amazon connector / {title}").uid(uid).description(meaning)
    found.tags([*ours, "generated"]).refresh("1m").time("now-6h", "now").readonly()
    found.tooltip(models.DashboardCursorSync.CROSSHAIR)
    others = dashboard.DashboardLink("Connector").type(models.DashboardLinkType.DASHBOARDS)
    found.link(others.tags(ours).as_dropdown(True).keep_time(True))
    pages = dashboard.AnnotationQuery().name("Pages").datasource(SOURCE).enable(True)
    found.annotation(pages.expr('ALERTS{alertstate="firing",severity="page"}').icon_color(RED))
    source = dashboard.DatasourceVariable("datasource").type("prometheus").label("Data source")
    found.with_variable(source)
    for row, its_panels in panels.items():
        found.with_row(dashboard.Row(row))
        for panel in its_panels:
            found.with_panel(panel)
    return found


def _panel(panel: P, title: str, meaning: str, unit: str, width: int, height: int) -> P:
    described: Any = panel
    described.title(title).description(meaning).unit(unit).datasource(SOURCE)
    described.span(width).height(height)
    return panel


def _legend() -> build.VizLegendOptions:
    legend = build.VizLegendOptions().display_mode(common.LegendDisplayMode.TABLE)
    legend.placement(common.LegendPlacement.BOTTOM).show_legend(True)
    return legend.calcs(["lastNotNull", "max"])


def _thresholds(steps: tuple[Step, ...]) -> dashboard.ThresholdsConfig:
    found = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
    return found.steps([models.Threshold(value=value, color=color) for value, color in steps])

"""What the dashboard shows: datasets, charts over them, and where each stands.

Plain declarations, in the words of Superset's own forms. Every dataset is one plan, the one its
release was made for, also where a release compares several scenarios.
"""

from dataclasses import dataclass
from typing import Any

DATASETS = {
    "plan": """
        SELECT p.optimality_gap_pct, p.moved_accounts, p.moved_sales_usd, p.expected_value_usd
        FROM kpi_plan AS p
        JOIN meta_run AS r ON r.scenario = p.scenario
        WHERE p.plan_version = 'proposed'
    """,
    "reps": """
        SELECT s.rep_name, s.current_workload_ratio, s.proposed_workload_ratio
        FROM kpi_sales_operations AS s
        JOIN meta_run AS r ON r.scenario = s.scenario
    """,
    "whitespace": """
        SELECT coalesce(m.industry, 'unknown') AS industry, m.whitespace_usd
        FROM kpi_marketing AS m
        JOIN meta_run AS r ON r.scenario = m.scenario
    """,
    "moves": """
        SELECT a.account_name AS account, coalesce(d.rep_name, m.to_rep_id, 'nobody') AS "to",
            CAST(m.sales_at_stake_usd AS DOUBLE) AS "sales, USD"
        FROM fct_move AS m
        JOIN meta_run AS r ON r.scenario = m.scenario
        JOIN dim_account AS a ON a.account_id = m.account_id
        LEFT JOIN dim_rep AS d ON d.scenario = m.scenario AND d.rep_id = m.to_rep_id
    """,
}


@dataclass(frozen=True)
class Chart:
    """One chart: its title, Superset's name of its kind, and what its form says."""

    title: str
    kind: str
    dataset: str
    form: dict[str, Any]


def _figure(sql: str, label: str) -> dict[str, str]:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label}


def _number(title: str, column: str, number_format: str) -> Chart:
    form = {"metric": _figure(f"max({column})", title), "y_axis_format": number_format}
    return Chart(title, "big_number_total", "plan", form)


CHARTS = (
    _number("Proved gap, %", "optimality_gap_pct", ".2f"),
    _number("Accounts that move", "moved_accounts", ",d"),
    _number("Sales moved, USD", "moved_sales_usd", ".3s"),
    _number("Value, USD a year", "expected_value_usd", ".3s"),
    Chart(
        "Workload of each rep, in percent of capacity",
        "echarts_timeseries_bar",
        "reps",
        {
            "x_axis": "rep_name",
            "groupby": [],
            "orientation": "horizontal",
            "metrics": [
                _figure("max(current_workload_ratio)", "today"),
                _figure("max(proposed_workload_ratio)", "plan"),
            ],
            "x_axis_sort": "plan",
            "x_axis_sort_asc": True,
            "show_legend": True,
            "y_axis_format": ".0%",
        },
    ),
    Chart(
        "Whitespace by industry, USD a year",
        "echarts_timeseries_bar",
        "whitespace",
        {
            "x_axis": "industry",
            "groupby": [],
            "orientation": "horizontal",
            "metrics": [_figure("sum(whitespace_usd)", "whitespace")],
            "x_axis_sort": "whitespace",
            "x_axis_sort_asc": True,
            "show_legend": False,
            "y_axis_format": ".2s",
        },
    ),
    Chart(
        "Moves with the most sales at stake",
        "table",
        "moves",
        {
            "query_mode": "raw",
            "all_columns": ["account", "to", "sales, USD"],
            "order_by_cols": ['["sales, USD", false]'],
            # Nothing is cut off at the limit that a longer list would show; see moves.xlsx.
            "row_limit": 1000,
            "server_page_length": 10,
            "page_length": 10,
            "show_cell_bars": False,
            "column_config": {"sales, USD": {"d3NumberFormat": ",.0f"}},
        },
    ),
)

# A row of charts by their places in CHARTS, and its height in Superset's units of 8 pixels.
ROWS = (((0, 1), 22), ((2, 3), 22), ((4,), 70), ((5,), 60), ((6,), 68))


def layout(chart_ids: list[int]) -> dict[str, Any]:
    """The grid of the dashboard, at most two charts in a row, so that a phone can show it.

    Args:
        chart_ids: what Superset calls the charts, in the order of CHARTS.
    """
    rows = [f"ROW-{number}" for number in range(len(ROWS))]
    grid: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]},
    }
    for row, (places, height) in zip(rows, ROWS, strict=True):
        grid[row] = {
            "type": "ROW",
            "id": row,
            "children": [f"CHART-{place}" for place in places],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for place in places:
            grid[f"CHART-{place}"] = {
                "type": "CHART",
                "id": f"CHART-{place}",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row],
                "meta": {
                    "chartId": chart_ids[place],
                    "sliceName": CHARTS[place].title,
                    "width": 12 // len(places),
                    "height": height,
                },
            }
    return grid

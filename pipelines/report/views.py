"""One view for each function that plans together, and the levels above the reps.

A view is a published table as it stands: its columns, named by the metric definitions.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.report.columns import plain

# Columns that say which plan a row is of, and ids beside which the name stands.
_LEFT_OUT = frozenset(
    {"plan_id", "scenario", "territory_id", "rep_id", "member_id", "level", "plan_version"}
)

_KINDS = {"_pct": "percent", "_usd": "usd", "_per_day": "usd", "_hours": "hours", "_days": "hours"}

VIEWS = {
    "kpi_sales_operations": "Sales operations: balance, moves, capacity",
    "kpi_marketing": "Marketing: whitespace, demand nobody works",
    "kpi_customer_success": "Customer success: risk, load, coverage",
    "kpi_finance": "Finance: cost to serve, sales, value",
}

LEVELS = ("company", "region", "manager", "segment", "industry", "state")

VERSIONS = {"proposed": "plan", "current": "today"}


def views(tables: Mapping[str, pl.DataFrame], metrics: pl.DataFrame) -> list[dict[str, Any]]:
    """Title, columns and rows of each view.

    Args:
        tables: the published tables of `VIEWS` and `kpi_rollup`, by name.
        metrics: `meta_metric`.
    """
    named = {
        (row["table_name"], row["column_name"]): row["formula"]
        for row in metrics.iter_rows(named=True)
    }
    shown = [_view(title, name, tables[name], named) for name, title in VIEWS.items()]
    rollup = tables["kpi_rollup"]
    for level in LEVELS:
        rows = rollup.filter(pl.col("level") == level).with_columns(
            version=pl.col("plan_version").replace(VERSIONS)
        )
        first = ["member_name", "version"]
        rows = rows.select(*first, pl.exclude(first)).sort(first)
        shown.append(_view(f"By {level}", "kpi_rollup", rows, named))
    return shown


def _view(
    title: str, table: str, rows: pl.DataFrame, formulas: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    columns = [name for name in rows.columns if name not in _LEFT_OUT]
    # What stands for today and for the plan shows as one figure that changes.
    pairs = {
        name: "proposed_" + name.removeprefix("current_")
        for name in columns
        if name.startswith("current_") and "proposed_" + name.removeprefix("current_") in columns
    }
    shown = [name for name in columns if name not in pairs.values()]
    return {
        "title": title,
        "table": table,
        "columns": [
            {
                "label": _label(name.removeprefix("current_")) + ", today → plan"
                if name in pairs
                else _label(name),
                "kind": _kind(name, rows.schema[name]),
                "help": formulas.get((table, name), ""),
                "is_pair": name in pairs,
            }
            for name in shown
        ],
        "rows": [
            list(row) for row in zip(*(_cells(rows, name, pairs) for name in shown), strict=True)
        ],
    }


def _cells(rows: pl.DataFrame, name: str, pairs: Mapping[str, str]) -> list[Any]:
    """The cells of a column; of a pair today's value and the plan's."""
    if name not in pairs:
        return plain(rows[name])
    return [list(both) for both in zip(plain(rows[name]), plain(rows[pairs[name]]), strict=True)]


def _kind(name: str, kind: pl.DataType) -> str:
    if kind == pl.Boolean or kind == pl.String:
        return "text"
    if name.endswith("_ratio"):
        return "ratio"
    return next((shown for end, shown in _KINDS.items() if name.endswith(end)), "count")


def _label(name: str) -> str:
    """`current_hours_deviation_pct` as `Hours deviation, today`."""
    version = ""
    for start, word in (("current_", ", today"), ("proposed_", ", plan")):
        if name.startswith(start):
            name, version = name.removeprefix(start), word
    unit = ""
    for end, word in (
        ("_usd_per_day", ", USD a day"),
        ("_usd", ", USD"),
        ("_pct", ""),
        ("_ratio", ""),
    ):
        if name.endswith(end):
            name, unit = name.removesuffix(end), word
            break
    words = name.removeprefix("is_").removesuffix("_name").replace("_", " ")
    return words[:1].upper() + words[1:] + unit + version

"""Put the territory dashboard over a published release into Superset.

Run by start.sh with the environment of Superset, never by the pipeline.
"""

import json
import sys
from pathlib import Path
from typing import Any

DASHBOARD = "territory-plan"


def _chart(name: str, kind: str, dataset: str, **form: Any) -> tuple[str, str, str, dict[str, Any]]:
    return name, kind, dataset, {"viz_type": kind, "adhoc_filters": [], "row_limit": 1000, **form}


def _maximum(column: str, label: str) -> dict[str, str]:
    return {
        "expressionType": "SQL",
        "sqlExpression": f"max({column})",
        "label": label,
    }


def _where(sql: str) -> list[dict[str, str]]:
    return [{"expressionType": "SQL", "clause": "WHERE", "sqlExpression": sql}]


PROPOSED = _where("plan_version = 'proposed'")

CHARTS = (
    _chart(
        "Proved gap, %",
        "big_number_total",
        "kpi_plan",
        metric=_maximum("optimality_gap_pct", "Proved gap, %"),
        adhoc_filters=PROPOSED,
        y_axis_format=".2f",
    ),
    _chart(
        "Accounts that move",
        "big_number_total",
        "kpi_plan",
        metric=_maximum("moved_accounts", "Accounts that move"),
        adhoc_filters=PROPOSED,
        y_axis_format=",d",
    ),
    _chart(
        "Workload of each rep, today and in the plan",
        "echarts_timeseries_bar",
        "kpi_sales_operations",
        x_axis="rep_name",
        groupby=[],
        orientation="horizontal",
        metrics=[
            _maximum("current_workload_ratio", "today"),
            _maximum("proposed_workload_ratio", "plan"),
        ],
        x_axis_sort="plan",
        x_axis_sort_asc=True,
        show_legend=True,
        y_axis_format=".0%",
    ),
    _chart(
        "Whitespace by industry, USD a year",
        "pie",
        "kpi_marketing",
        groupby=["industry"],
        metric={
            "expressionType": "SQL",
            "sqlExpression": "sum(whitespace_usd)",
            "label": "whitespace",
        },
    ),
    _chart(
        "Moves with the most sales at stake",
        "table",
        "fct_move",
        query_mode="raw",
        all_columns=["change", "from_region", "to_region", "sales_at_stake_usd", "service_hours"],
        order_by_cols=['["sales_at_stake_usd", false]'],
        row_limit=50,
        server_page_length=10,
    ),
)


def build(release: Path) -> None:
    """Create database, datasets, charts and dashboard anew.

    Args:
        release: the link `published`, so that a new connection sees the newest plan.
    """
    from superset.app import create_app

    with create_app().app_context():
        from superset import db
        from superset.connectors.sqla.models import SqlaTable
        from superset.models.core import Database
        from superset.models.dashboard import Dashboard
        from superset.models.slice import Slice

        session = db.session
        for old in session.query(Dashboard).filter_by(slug=DASHBOARD):
            session.delete(old)
        session.commit()
        database = session.query(Database).filter_by(database_name="Territory plan").first()
        if database is None:
            database = Database(database_name="Territory plan")
            session.add(database)
        database.sqlalchemy_uri = f"duckdb:///{release / 'territory.duckdb'}"
        # A file that is only read may be opened by any number of readers.
        database.extra = json.dumps({"engine_params": {"connect_args": {"read_only": True}}})
        session.commit()
        datasets = {}
        for name in dict.fromkeys(chart[2] for chart in CHARTS):
            table = (
                session.query(SqlaTable).filter_by(table_name=name, database_id=database.id).first()
            )
            if table is None:
                table = SqlaTable(table_name=name, database=database, schema="main")
                session.add(table)
                session.commit()
            table.fetch_metadata()
            datasets[name] = table
        slices = []
        for name, kind, dataset, form in CHARTS:
            for old in session.query(Slice).filter_by(slice_name=name):
                session.delete(old)
            table = datasets[dataset]
            form = {**form, "datasource": f"{table.id}__table"}
            slices.append(
                Slice(
                    slice_name=name,
                    viz_type=kind,
                    datasource_type="table",
                    datasource_id=table.id,
                    params=json.dumps(form),
                )
            )
        session.add_all(slices)
        session.commit()
        session.add(
            Dashboard(
                dashboard_title="Territory plan",
                slug=DASHBOARD,
                slices=slices,
                published=True,
                position_json=json.dumps(_layout(slices)),
            )
        )
        session.commit()


def _layout(slices: list[Any]) -> dict[str, Any]:
    """Two figures in a row; a row for each chart and the table, which a phone can show, too."""
    rows = ((0, 1), (2,), (3,), (4,))
    layout = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
    }
    for number, row in enumerate(rows):
        key = f"ROW-{number}"
        layout["GRID_ID"]["children"].append(key)
        layout[key] = {
            "type": "ROW",
            "id": key,
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for index in row:
            chart = f"CHART-{index}"
            layout[key]["children"].append(chart)
            layout[chart] = {
                "type": "CHART",
                "id": chart,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", key],
                "meta": {
                    "chartId": slices[index].id,
                    "sliceName": slices[index].slice_name,
                    "width": 12 // len(row),
                    "height": (22, 70, 55, 55)[number],
                },
            }
    return layout


if __name__ == "__main__":
    build(Path(sys.argv[1]).absolute())

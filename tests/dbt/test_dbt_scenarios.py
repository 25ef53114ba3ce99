"""Several plans in one set of tables: each as it would be alone."""

import shutil

import pytest

from pipelines.metadata.declared import declared_metrics
from pipelines.publish.contract import MART_TABLES
from tests.dbt.dbt_run import Built, Dbt
from tests.dbt.plan_tables import add_second_plan
from tests.dbt.score_tables import write_forecast_table

# Tables that compare scenarios say more with two than with one.
COMPARING = ("dim_scenario", "kpi_scenario")
MARTS = [table for table in MART_TABLES if table not in COMPARING]
# Studies and second roles are made where a policy asks for them, and limits bind where they do.
ASKED_FOR = (
    *("plan_binding", "kpi_frontier", "kpi_headcount"),
    *("fct_overlay_assignment", "kpi_overlay", "kpi_overlay_balance"),
)


@pytest.fixture(scope="module")
def both(dbt: Dbt, company: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small company with a second plan beside the first."""
    warehouse = tmp_path_factory.mktemp("both") / "warehouse.duckdb"
    company.rows("CHECKPOINT")  # from the write-ahead log into the file that is copied
    shutil.copyfile(company.warehouse, warehouse)
    add_second_plan(warehouse)
    write_forecast_table(warehouse, {"default": "plan_1", "other": "plan_2"})
    statuses = dbt.build(
        warehouse, "--select", "tag:post_plan", "--exclude", "resource_type:unit_test"
    )
    return Built(warehouse, statuses)


def test_every_test_holds_with_two_plans(both: Built) -> None:
    assert {k: v for k, v in both.statuses.items() if v not in ("success", "pass")} == {}


@pytest.mark.parametrize("table", MARTS)
def test_a_plan_is_published_beside_another_as_it_is_alone(
    company: Built, both: Built, table: str
) -> None:
    columns = {name for (name,) in both.rows(f"SELECT column_name FROM (DESCRIBE {table})")}
    where = "WHERE scenario = 'default'" if "scenario" in columns else ""
    alone = company.rows(f"SELECT * FROM {table} ORDER BY ALL")
    assert both.rows(f"SELECT * FROM {table} {where} ORDER BY ALL") == alone
    if "scenario" in columns and table not in ASKED_FOR:
        assert both.rows(f"SELECT count(*) > 0 FROM {table} WHERE scenario = 'other'") == [(True,)]


def test_scenarios_are_compared_with_the_chosen_one(both: Built) -> None:
    rows = both.by_key(
        "(FROM kpi_scenario WHERE scenario = 'other')",
        "kpi_name",
        *("kpi_value", "chosen_value", "difference", "difference_pct", "comparison"),
    )
    assert rows["expected_value_usd"] == (4500, 5000, -500, -10, "worse")
    assert rows["objective_usd"] == (200, 200, 0, 0, "same")
    ((first, second),) = both.rows(
        "SELECT max(travel_hours) FILTER (scenario = 'default'),"
        " max(travel_hours) FILTER (scenario = 'other')"
        " FROM kpi_plan WHERE plan_version = 'proposed'"
    )
    assert rows["travel_hours"] == (second, first, second - first, 100, "worse")
    assert both.rows("FROM dim_scenario ORDER BY scenario") == [
        ("default", "plan_1", True, "As it is"),
        ("other", "plan_2", False, "As it is"),
    ]


def test_a_scenario_is_compared_by_the_direction_its_metric_has(both: Built) -> None:
    declared = {
        (metric.table_name, metric.column_name): metric.good_direction
        for metric in declared_metrics()
    }
    # What kpi_rollup shares with kpi_territory is declared there.
    rows = both.rows("SELECT DISTINCT table_name, kpi_name, good_direction FROM kpi_scenario")
    assert len(rows) > 30
    for table, kpi, direction in rows:
        assert declared[table, kpi] == direction, kpi
    ignored = {column for (table, column) in declared if table == "kpi_plan"} - {
        kpi for _, kpi, _ in rows
    }
    assert ignored == set()

"""One parse and one build of the small company for all tests of this folder."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.dbt.company import small_company, write_raw_tables
from tests.dbt.dbt_run import Built, Dbt
from tests.dbt.plan_tables import write_plan_tables
from tests.dbt.score_tables import write_forecast_table, write_score_tables


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def build_company(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Built]:
    """Build the models before the plan over any raw rows; by default without their tests."""

    def build(
        rows: dict[str, list[dict[str, Any]]], *, is_tested: bool = False, **variables: Any
    ) -> Built:
        warehouse = tmp_path_factory.mktemp("company") / "warehouse.duckdb"
        write_raw_tables(warehouse, rows)
        left_out = ["resource_type:unit_test"] + ["resource_type:test"] * (not is_tested)
        statuses = {}
        for part in ("pre_score", "pre_plan"):
            statuses |= dbt.build(
                warehouse, "--select", f"tag:{part}", "--exclude", *left_out, **variables
            )
            if part == "pre_score":
                write_score_tables(warehouse)
        return Built(warehouse, statuses)

    return build


@pytest.fixture(scope="session")
def company(dbt: Dbt, build_company: Callable[..., Built]) -> Built:
    """The small company, with all models built and tested around a hand-made plan."""
    before = build_company(small_company(), is_tested=True)
    write_plan_tables(before.warehouse)
    write_forecast_table(before.warehouse)
    after = dbt.build(
        before.warehouse, "--select", "tag:post_plan", "--exclude", "resource_type:unit_test"
    )
    return Built(before.warehouse, before.statuses | after)

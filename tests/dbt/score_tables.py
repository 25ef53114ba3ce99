"""The tables of the fitted models for a company whose features are built."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from pipelines.settings.scoring import load_scoring
from pipelines.stages.forecast import FORECAST_TABLE, forecast_groups
from pipelines.stages.run_context import RunContext
from pipelines.stages.score import fit_models, write_table
from tests.dbt.company import AS_OF, PROJECT


def write_forecast_table(warehouse: Path, plans: Mapping[str, str] | None = None) -> None:
    """Forecast from the plans in the file `warehouse`: id by scenario, the chosen one first."""
    known = plans or {"default": "plan_1"}
    scenario, plan_id = next(iter(known.items()))
    as_of = date.fromisoformat(AS_OF)
    context = RunContext("run_1", plan_id, as_of, scenario, "", "", "", plans=known)
    with duckdb.connect(str(warehouse)) as connection:
        write_table(connection, FORECAST_TABLE, forecast_groups(connection, context))


def write_score_tables(warehouse: Path) -> None:
    """Fit the models of the shipped settings on the file `warehouse` and write their tables."""
    scoring = load_scoring(PROJECT.parent / "config" / "scoring.yaml")
    with duckdb.connect(str(warehouse)) as connection:
        tables, _, _ = fit_models(connection, scoring, {"run_id": "run_1"})
        for name, table in tables.items():
            write_table(connection, name, table)

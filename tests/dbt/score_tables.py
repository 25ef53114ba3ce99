"""The tables of the fitted models for a company whose features are built."""

from pathlib import Path

import duckdb

from pipelines.settings.scoring import load_scoring
from pipelines.stages.score import fit_models, write_table
from tests.dbt.company import PROJECT


def write_score_tables(warehouse: Path) -> None:
    """Fit the models of the shipped settings on the file `warehouse` and write their tables."""
    scoring = load_scoring(PROJECT.parent / "config" / "scoring.yaml")
    with duckdb.connect(str(warehouse)) as connection:
        tables, _, _ = fit_models(connection, scoring, {"run_id": "run_1"})
        for name, table in tables.items():
            write_table(connection, name, table)

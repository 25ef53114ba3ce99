"""What the Dagster UI draws over runs is what the release says."""

from pathlib import Path

import duckdb

from benchmarks.synthetic_release import write_release
from pipelines.publish import Manifest, Release
from pipelines.stages.publish import followed_figures


def test_figures_are_those_of_the_plan_and_unknown_ones_are_left_out(tmp_path: Path) -> None:
    folder = write_release(tmp_path, 50, 3)
    with duckdb.connect(str(folder / "territory.duckdb")) as connection:
        connection.execute("UPDATE kpi_plan SET optimality_gap_pct = NULL")
    manifest = Manifest.model_construct(plan_id="plan_synthetic", scenario="default")
    figures = followed_figures(Release(folder, manifest))
    assert figures["moved_accounts"] == 5.0
    assert figures["retained_accounts_pct"] == 87.5
    assert figures["market_penetration_pct"] == 25.5
    assert "optimality_gap_pct" not in figures
    assert all(isinstance(value, float) for value in figures.values())

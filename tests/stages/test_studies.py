"""Studies beside a plan: made where the policy asks, once, under the plan's id."""

from datetime import date
from pathlib import Path

import polars as pl

from optimization import Policy
from pipelines.settings.loader import Scenario
from pipelines.stages.plan_tables import is_studied
from pipelines.stages.plan_task import PlanTask, solve_task
from pipelines.stages.studies import study_task
from tests.book.tiny_book import owned, rep, tables


def test_a_policy_that_asks_gets_overlays_and_both_studies_and_another_none(tmp_path: Path) -> None:
    book = tables(
        [
            owned(f"A{n}", "R9" if n == 6 else f"R{n % 2 + 1}", latitude=39.1 + n / 10)
            for n in range(7)
        ],
        [rep("R1"), rep("R2", latitude=39.6)],
    )
    for name in ("accounts", "reps", "overrides"):
        getattr(book, name).write_parquet(tmp_path / f"{name}.parquet")
    bands = {"metrics": [{"metric": "hours", "tolerance_pct": 40}]}
    # R9 has left since the policy was written.
    headcount = {"more_seats": 1, "candidates": 1, "leavers": ["R9"]}
    overlay = {"role": "Sales Engineer", "coverage": {"primary_reps_per_seat": 2}}
    overlays = [overlay | {"seats": {"source": "ratio"}}]
    asked = {
        "overlays": overlays,
        "frontier": {"points": 1},
        "headcount": headcount,
    }
    for name, blocks in (("plain", bands), ("studied", bands | asked)):
        scenario = Scenario(name, Policy.model_validate(blocks), tmp_path / f"{name}.yaml")
        task = PlanTask(scenario, f"id {name}", date(2026, 6, 30), tmp_path, tmp_path / name)
        solve_task(task)
        study_task(task)
        points = pl.read_parquet(task.out / "plan_frontier.parquet")
        options = pl.read_parquet(task.out / "plan_headcount.parquet")
        covered = pl.read_parquet(task.out / "plan_overlay_assignment.parquet")
        assert covered.height == (0 if name == "plain" else book.accounts.height)
        if name == "plain":
            assert (points.height, options.height, is_studied(task.out)) == (0, 0, False)
            continue
        assert is_studied(task.out)
        assert "policy" in points["point_name"].to_list()
        assert options["option_kind"].to_list() == ["today", "more"]
        assert set(points["plan_id"]) | set(options["plan_id"]) == {"id studied"}
        written = (task.out / "plan_headcount.parquet").stat().st_mtime_ns
        study_task(task)
        assert (task.out / "plan_headcount.parquet").stat().st_mtime_ns == written

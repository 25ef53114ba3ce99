"""A policy that uses what the default one does not, from files to the published tables."""

from datetime import date

import duckdb
import pytest
import yaml
from whole_run import SmallProject

from pipelines.settings.loader import load_settings
from pipelines.stages.ingest import ingest

POLICY = """
metrics:
  - {metric: hours, tolerance_pct: 12, soft_tolerance_pct: 5, soft_price_usd_per_pct: 50}
  - name: enterprise potential
    metric: potential
    accounts: {segment: [Enterprise]}
    tolerance_pct: 60
locks:
  - {name: late stage, open_deal_probability_from_pct: 90}
  - {name: renewal soon, renewal_within_days: 30}
  - {name: strategic account, strategic: true}
move_budgets: [{measure: sales, limit_pct: 10}]
unassigned: [{name: small fry, accounts: {segment: [Small business]}, price_usd: 150}]
travel:
  matrix: {file: ../drive_times.csv, account_zone: state, rep_zone: region}
solver: {rel_gap_pct: 2}
"""


@pytest.fixture
def rich_project(small_project: SmallProject) -> SmallProject:
    folder = small_project.config.parent
    (folder / "policies").mkdir()
    (folder / "policies" / "rich.yaml").write_text(POLICY)
    (folder / "drive_times.csv").write_text("from_zone,to_zone,hours,km\nWest,CA,3,200\n")
    small_project.edit(policies="policies", scenario="rich")
    return small_project


def query(project: SmallProject, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    path = (project.data_dir / "published").resolve() / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_tiers_budgets_locks_and_accounts_without_owner_are_published(
    rich_project: SmallProject,
) -> None:
    outcome = rich_project.run()
    assert outcome.exit_code == 0, outcome.errors
    metrics = query(
        rich_project,
        "SELECT metric, measure, tolerance_pct, max_deviation_without_giants_pct FROM kpi_balance "
        "WHERE plan_version = 'proposed' AND tolerance_pct IS NOT NULL ORDER BY metric",
    )
    assert [row[:3] for row in metrics] == [
        ("enterprise potential", "potential", 60.0),
        ("hours", "hours", 12.0),
    ]
    ((moved, whole),) = query(
        rich_project,
        "SELECT sum(actual_sales_usd) FILTER (is_moved), "
        "sum(actual_sales_usd) FILTER (incumbent_rep_id IS NOT NULL) FROM fct_assignment",
    )
    assert 0 < moved <= whole / 10
    budgets = query(
        rich_project,
        "SELECT metric, unit, used_amount, limit_amount FROM plan_binding "
        "WHERE constraint_kind = 'move_budget'",
    )
    assert [(unit, round(used), round(limit)) for _, unit, used, limit in budgets] == [
        ("USD", round(moved), round(whole / 10))
    ]
    ((left,),) = query(rich_project, "SELECT count(*) FROM fct_assignment WHERE is_unassigned")
    assert left > 0
    assert query(
        rich_project,
        "SELECT account_count FROM kpi_territory "
        "WHERE plan_version = 'proposed' AND territory_id = 'UNASSIGNED'",
    ) == [(left,)]
    segments = query(
        rich_project,
        "SELECT DISTINCT segment FROM dim_account JOIN fct_assignment USING (account_id) "
        "WHERE is_unassigned",
    )
    assert segments == [("Small business",)]
    unmoved = query(
        rich_project,
        "SELECT count(*) FILTER (is_moved), count(*) > 0 FROM fct_assignment WHERE is_locked",
    )
    assert unmoved == [(0, True)]
    listed = (rich_project.data_dir / "published" / "moves.csv").read_text(encoding="utf-8-sig")
    assert "\nunassigned," in listed


def test_other_drive_times_are_another_plan(rich_project: SmallProject) -> None:
    times = rich_project.config.parent / "drive_times.csv"
    plans = set()
    for hours in ("3", "4"):
        times.write_text(f"from_zone,to_zone,hours,km\nWest,CA,{hours},200\n")
        run, _ = ingest(load_settings(rich_project.config), today=date(2026, 12, 31))
        plans.add(run.plan_id)
    assert len(plans) == 2
    times.write_text("from_zone,to_zone,hours,km\nWest,CA,far,200\n")
    refused = rich_project.run()
    assert refused.exit_code == 2
    assert "row 2, column hours: 'far' is no number" in refused.errors


def test_missing_drive_times_are_named_before_anything_is_read(
    rich_project: SmallProject,
) -> None:
    policy = rich_project.config.parent / "policies" / "rich.yaml"
    content = yaml.safe_load(policy.read_text())
    content["travel"]["matrix"]["file"] = "nowhere.csv"
    policy.write_text(yaml.safe_dump(content))
    refused = rich_project.run()
    assert refused.exit_code == 2
    assert "nowhere.csv: no such travel matrix" in refused.errors
    assert "Reading accounts.csv" not in refused.errors

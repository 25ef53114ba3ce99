"""The next run of a project: a policy that uses what the default does not, and a bad date."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from whole_run import SmallProject, copied_project

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
overlays:
  - {role: Sales Engineer, coverage: {primary_reps_per_seat: 3}, seats: {source: ratio}}
solver: {rel_gap_pct: 2}
"""


def enriched(project: SmallProject) -> SmallProject:
    folder = project.config.parent
    (folder / "policies").mkdir()
    (folder / "policies" / "rich.yaml").write_text(POLICY)
    (folder / "drive_times.csv").write_text("from_zone,to_zone,hours,km\nWest,CA,3,200\n")
    project.edit(policies="policies", scenario="rich")
    return project


@pytest.fixture
def rich_project(small_project: SmallProject) -> SmallProject:
    return enriched(small_project)


@pytest.fixture(scope="module")
def rich_run(
    small_company: Path, dagster_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> SmallProject:
    """A project after a run with the rich policy and a date that is none in its deals."""

    def spoil(text: str) -> str:
        lines = text.splitlines()
        lines[5] = re.sub(r"\d{2}/\d{2}/\d{4}", "31/31/2025", lines[5])
        return "\n".join(lines) + "\n"

    folder = tmp_path_factory.mktemp("rich")
    project = enriched(copied_project(small_company, folder, dagster_home))
    project.replace_in("opportunities.csv", spoil)
    outcome = project.run()
    assert outcome.exit_code == 0, outcome.errors
    return project


def query(project: SmallProject, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    path = (project.data_dir / "published").resolve() / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_tiers_budgets_locks_and_accounts_without_owner_are_published(
    rich_run: SmallProject,
) -> None:
    metrics = query(
        rich_run,
        "SELECT metric, measure, tolerance_pct, max_deviation_without_giants_pct FROM kpi_balance "
        "WHERE plan_version = 'proposed' AND tolerance_pct IS NOT NULL ORDER BY metric",
    )
    assert [row[:3] for row in metrics] == [
        ("enterprise potential", "potential", 60.0),
        ("hours", "hours", 12.0),
    ]
    ((moved, whole),) = query(
        rich_run,
        "SELECT sum(actual_sales_usd) FILTER (is_moved), "
        "sum(actual_sales_usd) FILTER (incumbent_rep_id IS NOT NULL) FROM fct_assignment",
    )
    assert 0 < moved <= whole / 10
    budgets = query(
        rich_run,
        "SELECT metric, unit, used_amount, limit_amount FROM plan_binding "
        "WHERE constraint_kind = 'move_budget'",
    )
    assert [(unit, round(used), round(limit)) for _, unit, used, limit in budgets] == [
        ("USD", round(moved), round(whole / 10))
    ]
    ((left,),) = query(rich_run, "SELECT count(*) FROM fct_assignment WHERE is_unassigned")
    assert left > 0
    assert query(
        rich_run,
        "SELECT account_count FROM kpi_territory "
        "WHERE plan_version = 'proposed' AND territory_id = 'UNASSIGNED'",
    ) == [(left,)]
    segments = query(
        rich_run,
        "SELECT DISTINCT segment FROM dim_account JOIN fct_assignment USING (account_id) "
        "WHERE is_unassigned",
    )
    assert segments == [("Small business",)]
    unmoved = query(
        rich_run,
        "SELECT count(*) FILTER (is_moved), count(*) > 0 FROM fct_assignment WHERE is_locked",
    )
    assert unmoved == [(0, True)]
    # A second role over the accounts that have an owner, three reps' whole books to a seat.
    assert query(
        rich_run,
        "SELECT account_count = (SELECT count(*) FROM fct_assignment WHERE NOT is_unassigned), "
        "seat_count = ceil(primary_rep_count / 3), bound_usd <= objective_usd, relaxed_limits "
        "FROM kpi_overlay",
    ) == [(True, True, True, 0)]
    assert query(
        rich_run,
        "SELECT max(reps), max(seats) FROM (SELECT overlay_rep_id, "
        "count(DISTINCT primary_rep_id) AS reps FROM fct_overlay_assignment GROUP BY ALL), "
        "(SELECT primary_rep_id, count(DISTINCT overlay_rep_id) AS seats "
        "FROM fct_overlay_assignment GROUP BY ALL)",
    ) == [(3, 1)]
    listed = (rich_run.data_dir / "published" / "moves.csv").read_text(encoding="utf-8-sig")
    assert "\nunassigned," in listed


def test_single_bad_values_are_set_aside_and_the_run_goes_on(rich_run: SmallProject) -> None:
    assert query(rich_run, "SELECT source_table, row_number, value FROM quarantined_row") == [
        ("raw_crm__opportunity", 5, "31/31/2025")
    ]
    assert query(
        rich_run,
        "SELECT count(*) FROM meta_load WHERE rows_read <> rows_loaded + rows_quarantined "
        "+ rows_duplicate + rows_excluded",
    ) == [(0,)]


def test_another_plan_keeps_the_old_release(rich_run: SmallProject, small_company: Path) -> None:
    before = (small_company / "data" / "published").readlink()
    assert (rich_run.data_dir / "published").readlink() != before
    assert (rich_run.data_dir / before / "territory.duckdb").is_file()


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

"""The published tables of the small company: contract, totals, both versions of the plan."""

import json
from typing import Any

import pytest

from pipelines.publish.contract import CONTRACT, PAY_COLUMNS, PLAIN_TYPES, RESTRICTED_TABLES
from pipelines.settings.loader import PROJECT_ROOT
from pipelines.stages.transform import PARTS
from tests.dbt.company import ACCOUNTS, AS_OF
from tests.dbt.dbt_run import Built, Dbt

PUBLISHED = ("dim_", "fct_", "kpi_", "plan_")
PART_OF_LAYER = {
    "staging": "pre_score",
    "intermediate": "pre_score",
    "scores": "pre_plan",
    "planning": "pre_plan",
    "marts": "post_plan",
}
MODELS = {path.stem for path in (PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql")}
# Tables of the same names are made in Python as well, from what was decided about plans.
MARTS = [table for table in CONTRACT if table.name.startswith(PUBLISHED) and table.name in MODELS]


@pytest.mark.parametrize("table", MARTS, ids=lambda table: table.name)
def test_marts_hold_the_contract_columns_first(company: Built, table: Any) -> None:
    rows = company.rows(
        "SELECT column_name, data_type FROM information_schema.columns"
        f" WHERE table_name = '{table.name}' ORDER BY ordinal_position"
    )
    assert tuple(name for name, _ in rows)[: len(table.columns)] == table.columns
    assert {kind for _, kind in rows if not kind.startswith("DECIMAL")} <= PLAIN_TYPES
    assert not {name for name, _ in rows} & PAY_COLUMNS


@pytest.mark.parametrize("table", MARTS, ids=lambda table: table.name)
def test_marts_carry_their_descriptions(company: Built, table: Any) -> None:
    ((comment,),) = company.rows(
        f"SELECT comment FROM duckdb_tables() WHERE table_name = '{table.name}'"
    )
    assert comment.startswith("One row per ")
    bare = company.rows(
        "SELECT column_name FROM duckdb_columns()"
        f" WHERE table_name = '{table.name}' AND comment IS NULL"
    )
    assert not bare


def test_restricted_tables_are_built(company: Built) -> None:
    for table in RESTRICTED_TABLES:
        assert company.statuses[table] == "success"


def test_every_model_builds_and_every_test_passes(company: Built) -> None:
    assert {k: v for k, v in company.statuses.items() if v not in ("success", "pass")} == {}


def test_every_account_stands_in_one_territory_of_each_version(company: Built) -> None:
    rows = company.rows(
        "SELECT plan_version, sum(account_count), sum(actual_sales_usd) FROM kpi_territory"
        " GROUP BY ALL ORDER BY ALL"
    )
    ((accounts, sales),) = company.rows("SELECT count(*), sum(actual_sales_usd) FROM dim_account")
    assert rows == [("current", accounts, sales), ("proposed", accounts, sales)]


def test_accounts_without_active_owner_stand_apart_today(company: Built) -> None:
    rows = company.rows(
        "SELECT account_count, workload_ratio, cost_to_serve_usd, travel_hours FROM kpi_territory"
        " WHERE plan_version = 'current' AND territory_id = 'UNASSIGNED'"
    )
    # Without owner, of a leaver, of a stranger, of the vacant seat.
    assert rows == [(4, None, None, 0.0)]


def test_accounts_the_plan_leaves_alone_stand_apart(company: Built) -> None:
    rows = company.rows(
        "SELECT account_count, workload_ratio, cost_to_serve_usd, travel_hours FROM kpi_territory"
        " WHERE plan_version = 'proposed' AND territory_id = 'UNASSIGNED'"
    )
    assert rows == [(1, None, None, 0.0)]
    assert company.rows("SELECT account_id FROM fct_assignment WHERE is_unassigned") == [
        ("without owner",)
    ]
    counts = company.by_key("kpi_plan", "plan_version", "unassigned_accounts", "new_assignments")
    assert counts == {"current": (4, 0), "proposed": (1, 0)}


def test_balance_of_a_tier_counts_its_accounts(company: Built) -> None:
    """Two retailers, both of R2 and R3 today: of four seats with a target of a half each."""
    rows = company.rows(
        "SELECT measure, max_deviation_pct, territory_count FROM kpi_balance"
        " WHERE metric = 'retail' AND plan_version = 'current'"
    )
    assert rows == [("account_count", 100.0, 4)]
    loads = company.by_key(
        "(FROM int_territory__metric_load WHERE metric = 'retail' AND plan_version = 'current')",
        "rep_id",
        "metric_load",
    )
    assert loads == {"R1": 0, "R2": 1, "R3": 1, "R4": 0}


def test_binding_limits_are_published_with_their_price(company: Built) -> None:
    rows = company.rows(
        "SELECT constraint_kind, territory_id, unit, shadow_price_usd FROM plan_binding ORDER BY 1"
    )
    assert rows == [
        ("capacity", "T-R1", "hours", 41.5),
        ("move_budget", None, "USD", 41.5),
        ("upper_band", "T-R1", "hours", 41.5),
    ]


def test_territories_come_from_seats(company: Built) -> None:
    territories = company.by_key("dim_territory", "territory_id", "rep_id", "territory_name")
    assert territories["T-R1"] == ("R1", "East / Ada Birch")
    assert set(territories) == {"T-R1", "T-R2", "T-R3", "T-R4"}


def test_managers_have_names(company: Built) -> None:
    names = company.by_key("dim_rep", "rep_id", "manager_name")
    assert names == {"R1": "Lee Nash", "R2": "Lee Nash", "R3": "Max Ober", "R4": None}


def test_everybody_whom_a_fact_may_name_has_a_name(company: Built) -> None:
    """Reps of the plan, those who left or have no hours, and managers."""
    names = company.by_key("dim_owner", "rep_id", "rep_name", "has_left", "is_in_plan")
    assert names == {
        "R1": ("Ada Birch", False, True),
        "R2": ("Ben Cole", False, True),
        "R3": ("Cyd Dorn", False, True),
        "R4": ("Vacant seat West 4", False, True),
        "R5": ("Eve Falk", True, False),
        "R6": ("Fay Grant", False, False),
        "M1": ("Lee Nash", True, False),
        "Max Ober": ("Max Ober", False, False),
    }


def test_money_is_exact_to_the_cent(company: Built) -> None:
    sales = company.by_key("dim_account", "account_id", "actual_sales_usd")
    assert str(sales["root"]) == "3000.30"
    assert str(sales["child"]) == "321.50"


def test_published_cost_uses_one_rate_for_all(company: Built) -> None:
    """Single pay cannot be computed back: (cost − km × rate) ÷ hours is the same everywhere."""
    rows = company.rows(
        "SELECT (cost_to_serve_usd::DOUBLE - distance_km * 0.435) / workload_hours"
        " FROM kpi_territory WHERE workload_hours > 0 AND rep_id IS NOT NULL"
    )
    rates = [rate for (rate,) in rows]
    assert len(rates) > 3
    assert max(rates) - min(rates) < 0.01
    ((paid,),) = company.rows(
        "SELECT count(DISTINCT hourly_cost_usd) FROM int_territory__pay_cost"
        " WHERE rep_id IN ('R1', 'R2', 'R3')"
    )
    assert paid == 3


@pytest.mark.parametrize("score", ["complexity_score", "service_hours", "potential_usd"])
def test_parts_of_a_score_sum_to_it(company: Built, score: str) -> None:
    """Of every account: what is published as parts is what is published as score."""
    rows = company.rows(
        f"SELECT account_id, {score}::DOUBLE, sum(contribution), count(DISTINCT unit)"
        " FROM dim_account JOIN fct_account_score_part USING (account_id)"
        f" WHERE starts_with('{score}', score_name) GROUP BY ALL"
    )
    assert len(rows) == len(ACCOUNTS)
    for account, whole, parts, units in rows:
        assert parts == pytest.approx(whole, abs=1e-4), account
        assert units == 1


def test_no_score_is_undefined(company: Built) -> None:
    for table in ("dim_account", "fct_account_score_part", "fct_opportunity_score"):
        numbers = company.rows(
            f"SELECT column_name FROM (DESCRIBE {table}) WHERE column_type = 'DOUBLE'"
        )
        for (column,) in numbers:
            query = f"SELECT count(*) FROM {table} WHERE isnan({column}) OR isinf({column})"
            assert company.rows(query) == [(0,)], (table, column)


def test_kappa_is_published_with_its_interval(company: Built) -> None:
    """20 hours of a senior, 8 of a mid-level rep and one default hour of a stranger."""
    ((low, kappa, high),) = company.rows(
        "SELECT lower_value, metric_value, upper_value FROM kpi_score_quality"
        " WHERE metric = 'hours_per_index'"
    )
    assert low < kappa < high
    assert kappa * len(ACCOUNTS) == pytest.approx(20 * 1.5 + 8 * 1.25 + 1, rel=0.5)
    ((share,),) = company.rows(
        "SELECT metric_value FROM kpi_score_quality WHERE metric = 'predicted_over_logged_pct'"
    )
    assert share == pytest.approx(100, abs=0.1)


def test_predicted_hours_stand_beside_logged_ones(company: Built) -> None:
    rows = company.by_key("kpi_rep_workload", "rep_id", "logged_hours", "own_clock_hours")
    assert rows["R1"] == (20 * 1.5 + 8 * 1.25 + 1, 20)  # the child's were logged by others
    assert rows["R2"] == (0, 8)
    assert "R4" not in rows  # a vacant seat logs nothing


def test_the_project_keeps_its_layers(dbt: Dbt) -> None:
    """Tags, groups, contracts and descriptions, for every model."""
    for node in dbt.manifest.nodes.values():
        if node.resource_type != "model":
            continue
        layer = node.fqn[1]
        assert node.tags == [PART_OF_LAYER[layer]], node.name
        assert node.config.group, node.name
        assert node.config.materialized == "table", node.name
        assert node.description.startswith("One row"), node.name
        assert node.columns, node.name
        assert all(column.description for column in node.columns.values()), node.name
        is_published = node.name.startswith(PUBLISHED)
        assert bool(node.config.contract.enforced) == is_published, node.name
        assert (node.config.group == "pay") == ("restricted" in node.fqn), node.name


def test_no_test_of_one_part_needs_the_other(dbt: Dbt) -> None:
    """`dbt build` takes a test with any of its parents: a mixed one would run too early."""
    tags = {key: set(node.tags) for key, node in dbt.manifest.nodes.items()}
    for node in dbt.manifest.nodes.values():
        if node.resource_type == "test":
            parts = {
                part
                for parent in node.depends_on.nodes
                for part in tags.get(parent, ())
                if part in PARTS
            }
            assert len(parts) == 1, f"{node.name} hangs on {json.dumps(sorted(parts))}"


def test_unit_tests_pass(dbt: Dbt, company: Built) -> None:
    statuses = dbt.test(company.warehouse, "--select", "test_type:unit")
    assert len(statuses) >= 30
    assert {name: status for name, status in statuses.items() if status != "pass"} == {}


@pytest.mark.parametrize("version", ["current", "proposed"])
def test_every_level_adds_up_to_the_same_book(company: Built, version: str) -> None:
    levels = company.rows(
        "SELECT level, sum(account_count), sum(actual_sales_usd), sum(potential_usd)"
        f" FROM kpi_rollup WHERE plan_version = '{version}' GROUP BY level"
    )
    book = company.rows(
        "SELECT sum(account_count), sum(actual_sales_usd), sum(potential_usd)"
        f" FROM kpi_territory WHERE plan_version = '{version}'"
    )
    assert {level for level, *_ in levels} == {
        *("company", "region", "manager", "rep", "segment", "industry", "state")
    }
    assert {tuple(totals) for _, *totals in levels} == set(book)


def test_the_rep_level_is_the_territory(company: Built) -> None:
    shared = (
        "account_count, service_hours, travel_hours, potential_usd, market_penetration_pct,"
        " cost_to_serve_usd, open_opportunities, avg_deal_usd, win_rate_pct, sales_cycle_days,"
        " sales_velocity_usd_per_day, coverage_pct, capacity_hours"
    )
    members = company.rows(
        f"SELECT plan_version, member_id, {shared} FROM kpi_rollup"
        " WHERE level = 'rep' AND member_id <> 'NONE' ORDER BY ALL"
    )
    territories = company.rows(
        f"SELECT plan_version, rep_id, {shared} FROM kpi_territory"
        " WHERE rep_id IS NOT NULL AND account_count > 0 ORDER BY ALL"
    )
    assert members == territories
    # One sums accounts, the other divides a sum.
    apart = company.rows(
        "SELECT max(abs(r.workload_ratio - t.workload_ratio)) FROM kpi_rollup AS r"
        " JOIN kpi_territory AS t ON t.rep_id = r.member_id AND t.plan_version = r.plan_version"
        " AND t.scenario = r.scenario WHERE r.level = 'rep'"
    )
    assert 0 <= apart[0][0] <= 2e-6


def test_the_capacity_of_a_level_is_that_of_all_its_seats(company: Built) -> None:
    team = company.rows("SELECT scenario, sum(capacity_hours) FROM dim_rep GROUP BY scenario")
    for level in ("company", "region", "manager"):
        summed = company.rows(
            "SELECT scenario, sum(capacity_hours) FROM kpi_rollup"
            f" WHERE plan_version = 'proposed' AND level = '{level}' GROUP BY scenario"
        )
        assert dict(summed) == pytest.approx(dict(team)), level
    cross_team = "level IN ('segment', 'industry', 'state')"
    assert company.rows(
        f"SELECT count(capacity_hours), count(workload_ratio) FROM kpi_rollup WHERE {cross_team}"
    ) == [(0, 0)]


def test_the_calendar_has_every_day_once_and_knows_the_trailing_year(company: Built) -> None:
    ((days, first, last, trailing, as_of),) = company.rows(
        "SELECT count(*), min(calendar_date), max(calendar_date),"
        " count(*) FILTER (is_trailing_year), max(calendar_date) FILTER (is_as_of) FROM dim_date"
    )
    assert days == (last - first).days + 1
    assert (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)
    assert trailing == 365
    assert as_of.isoformat() == AS_OF


def test_moves_seen_by_both_sides_agree(company: Built) -> None:
    ((moves, gained, lost),) = company.rows(
        "SELECT (SELECT count(*) FROM fct_move WHERE to_rep_id IS NOT NULL),"
        " sum(gained_accounts), sum(lost_accounts) FROM kpi_sales_operations"
    )
    ((from_seats,),) = company.rows(
        "SELECT count(*) FROM fct_move WHERE from_rep_id IN (SELECT rep_id FROM dim_rep)"
    )
    assert (gained, lost) == (moves, from_seats)


def test_dbt_docs_show_models_comments_and_who_reads_them(dbt: Dbt, company: Built) -> None:
    dbt.docs(company.warehouse)
    catalog = json.loads((dbt.folder / "target" / "catalog.json").read_text())
    table = catalog["nodes"]["model.territory.kpi_rollup"]
    assert table["columns"]["market_penetration_pct"]["comment"].startswith("Sales ÷ potential")
    page = (dbt.folder / "target" / "static_index.html").read_text(encoding="utf-8")
    assert "exposure.territory.plan_report" in page

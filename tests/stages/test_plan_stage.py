"""What the plan stage hands to the planner, and what it writes of the answer."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import optimization
from optimization import Plan
from optimization.errors import NoPlanYet
from optimization.frontier.points import FRONTIER_SCHEMA
from optimization.policy import Policy
from pipelines.errors import InputError, TerritoryError
from pipelines.progress import listening
from pipelines.stages.plan_tables import (
    PLAN_TABLES,
    STUDY_TABLES,
    is_solved,
    is_studied,
    read_plan,
    study_schemas,
    tier_members,
    unite,
    write_scenario,
    write_studies,
)
from pipelines.stages.planner import PlanningTables, make_plan, read_matrix, travel_matrix_path

ACCOUNTS = pl.DataFrame(
    {
        "account_id": ["A1", "A2", "A3"],
        "segment": ["enterprise", "small", "enterprise"],
        "country": ["US", "US", None],
    }
)
TABLES = PlanningTables(ACCOUNTS, pl.DataFrame(), pl.DataFrame(), None, date(2026, 6, 30))
TIERED = Policy.model_validate(
    {
        "metrics": [
            {"metric": "hours"},
            {
                "name": "big accounts",
                "metric": "account_count",
                "accounts": {"segment": ["enterprise"]},
            },
            {
                "name": "our own",
                "metric": "sales",
                "accounts": {"segment": ["x"], "country": ["US"]},
            },
        ]
    }
)


PLAN = Plan(
    assignment=pl.DataFrame({"account_id": ["A1"], "rep_id": ["R1"], "handover_usd": [25.0]}),
    summary=pl.DataFrame({"objective_usd": [10.0]}),
    targets=pl.DataFrame({"rep_id": ["R1"], "metric": ["hours"], "target": [5.0]}),
    metrics=pl.DataFrame(
        {"metric": ["hours", "big accounts"], "measure": ["hours", "account_count"]}
    ),
    levels=pl.DataFrame({"level_name": ["region"], "group_name": ["north"]}),
    bindings=pl.DataFrame({"constraint_kind": ["upper_band"], "shadow_price_usd": [41.0]}),
    findings=pl.DataFrame({"rule": ["none"]}),
)


def written(folder: Path, *scenarios: str) -> duckdb.DuckDBPyConnection:
    """A database with the same plan for each of the scenarios."""
    connection = duckdb.connect()
    for number, scenario in enumerate(scenarios, start=1):
        write_scenario(
            folder / scenario,
            scenario=scenario,
            plan_id=f"plan_{number}",
            as_of=date(2026, 6, 30),
            policy=TIERED,
            accounts=ACCOUNTS,
            plan=PLAN,
        )
    unite(connection, [folder / scenario for scenario in scenarios])
    return connection


def test_a_tier_counts_the_accounts_that_match_all_its_columns() -> None:
    assert tier_members(TIERED, ACCOUNTS).rows() == [("big accounts", "A1"), ("big accounts", "A3")]
    assert tier_members(Policy(), ACCOUNTS).height == 0


def test_every_table_is_written_with_plan_and_scenario(tmp_path: Path) -> None:
    connection = written(tmp_path / "[1]", "default", "other")
    for table in set(PLAN_TABLES) - set(STUDY_TABLES):
        found = connection.execute(
            f"SELECT DISTINCT plan_id, scenario FROM {table} ORDER BY plan_id"
        ).fetchall()
        assert found == [("plan_1", "default"), ("plan_2", "other")], table
    rows = connection.execute("SELECT as_of, description FROM plan_summary").fetchall()
    assert rows == [(date(2026, 6, 30), None)] * 2


def test_studies_are_empty_until_they_are_written(tmp_path: Path) -> None:
    connection = written(tmp_path, "default", "other")
    for table, schema in study_schemas().items():
        columns = connection.execute(f"FROM {table}").pl()
        assert (columns.height, set(columns.columns)) == (0, {*schema, "plan_id", "scenario"})
    row = dict.fromkeys(FRONTIER_SCHEMA) | {"point_name": "policy"}
    folder = tmp_path / "other"
    assert not is_studied(folder)
    write_studies(folder, {"plan_frontier": pl.DataFrame([row], schema=FRONTIER_SCHEMA)})
    assert is_studied(folder)
    assert is_solved(folder, "plan_2")
    unite(connection, [tmp_path / "default", folder])
    assert connection.execute("SELECT plan_id, point_name FROM plan_frontier").fetchall() == [
        ("plan_2", "policy")
    ]
    assert connection.execute("SELECT count(*) FROM plan_headcount").fetchone() == (0,)


def test_a_solved_scenario_is_known_by_its_plan(tmp_path: Path) -> None:
    written(tmp_path, "default")
    assert is_solved(tmp_path / "default", "plan_1")
    assert not is_solved(tmp_path / "default", "plan_2")
    assert not is_solved(tmp_path / "other", "plan_1")
    (tmp_path / "default" / "plan.json").write_text("{")
    assert not is_solved(tmp_path / "default", "plan_1")


def test_metrics_say_what_they_measure_and_of_whom(tmp_path: Path) -> None:
    rows = written(tmp_path, "default").execute(
        "SELECT metric, measure, is_whole_book FROM plan_metric"
    )
    assert rows.fetchall() == [
        ("hours", "hours", True),
        ("big accounts", "account_count", False),
    ]


def test_the_verifier_gets_the_limits_of_a_plan_by_their_public_name(tmp_path: Path) -> None:
    frames = read_plan(written(tmp_path, "default", "other"), "other")
    assert {row for frame in frames.values() for row in frame["plan_id"]} == {"plan_2"}
    assert frames["plan_binding"]["shadow_price_usd"].to_list() == [41.0]
    assert "plan_shadow_price" not in frames
    assert {"plan_assignment", "plan_summary", "plan_target"} <= frames.keys()


def answer_with(monkeypatch: pytest.MonkeyPatch, planner: Any) -> None:
    monkeypatch.setattr(optimization, "plan_territories", planner, raising=False)


def test_the_planner_is_told_the_day_and_the_drive_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    matrix = pl.DataFrame({"from_zone": ["East"], "to_zone": ["MA"], "hours": [1.0]})

    def planner(*tables: Any, **settings: Any) -> Plan:
        seen.update(settings)
        return PLAN

    answer_with(monkeypatch, planner)
    make_plan(replace(TABLES, travel_matrix=matrix), Policy(), "policy.yaml")
    assert seen["as_of"] == date(2026, 6, 30)
    assert seen["travel_matrix"] is matrix
    assert seen["is_interrupted"]() is False


def test_progress_carries_bound_and_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []

    def planner(*tables: Any, progress: Any, **settings: Any) -> Plan:
        progress("bound", 1, 5)
        progress("search, plan 12, bound 11, gap 8.333 %", 2, 5)
        return PLAN

    answer_with(monkeypatch, planner)
    with listening(lambda *what: told.append(what)):
        make_plan(TABLES, Policy(), "policy.yaml")
    assert told == [
        ("Planning: bound", 1, 5),
        ("Planning: search (plan 12, bound 11, gap 8.333 %)", 2, 5),
    ]


def test_no_plan_in_time_names_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def planner(*tables: Any, **settings: Any) -> Plan:
        raise NoPlanYet

    answer_with(monkeypatch, planner)
    with pytest.raises(TerritoryError, match="time_limit_seconds = 600; allow more") as error:
        make_plan(TABLES, Policy(), "policy.yaml")
    assert error.value.exit_code == 1


def test_drive_times_lie_beside_the_policy(tmp_path: Path) -> None:
    policy = Policy.model_validate({"travel": {"matrix": {"file": "../times.csv"}}})
    path = travel_matrix_path(policy, tmp_path / "policies" / "default.yaml")
    assert path == tmp_path / "times.csv"
    assert travel_matrix_path(Policy(), tmp_path / "default.yaml") is None
    with pytest.raises(InputError, match=r"times\.csv: no such travel matrix"):
        read_matrix(path)
    assert path is not None
    path.write_text("from_zone,to_zone,hours\nEast,MA,soon\n")
    with pytest.raises(InputError, match="row 2, column hours: 'soon' is no number"):
        read_matrix(path)
    path.write_text("from_zone,to_zone,hours\nEast,MA,1.5\n")
    matrix = read_matrix(path)
    assert matrix is not None
    assert matrix.rows() == [("East", "MA", 1.5)]

"""Bands of managers and regions: kept, priced, named, verified and explained."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tiny_book import Tables, account, override, rep, tables

from optimization.audit.verify import verify_plan
from optimization.errors import Infeasible
from optimization.planner import plan_territories
from optimization.policy import Policy
from optimization.rebalance.router import route_accounts
from optimization.report.result import Plan

# All accounts lie an hour from M1's reps in the west; M2's live 430 km farther east.
WEST, EAST = {"latitude": 40.0, "longitude": -100.0}, {"latitude": 40.0, "longitude": -94.0}
FIELD = {"latitude": 40.0, "longitude": -99.0}
METRICS = [{"metric": "hours", "tolerance_pct": 20}]


def team(*managers: str | None) -> list[dict[str, Any]]:
    """Equal reps R0, R1, …, each with a manager."""
    return [
        rep(f"R{j}", manager_id=manager, **(WEST if manager == "M1" else EAST))
        for j, manager in enumerate(managers)
    ]


def company(*managers: str | None, **account_columns: Any) -> Tables:
    """40 accounts of 10 hours."""
    rows = [
        account(f"A{i:02}", **FIELD, service_hours=10.0, visits_per_year=6.0, **account_columns)
        for i in range(40)
    ]
    return tables(rows, team(*managers))


def policy(*bands: dict[str, Any], **more: Any) -> Policy:
    levels = [{"by": "manager_id", "metrics": list(bands)}] if bands else []
    return Policy.model_validate({"metrics": METRICS, "levels": levels, **more})


def planned(book: Tables, policy: Policy) -> Plan:
    plan = plan_territories(book.accounts, book.reps, book.overrides, policy)
    found = verify_plan(book.accounts, book.reps, book.overrides, policy, plan.tables())
    assert [one.message for one in found] == []
    return plan


def hours(book: Tables, plan: Plan) -> dict[str, float]:
    """Hours by manager."""
    rows = plan.assignment.join(book.reps, on="rep_id").group_by("manager_id")
    return dict(rows.agg(pl.col("service_hours").sum()).iter_rows())


TEAMS = company("M1", "M1", "M2", "M2")
BAND = {"metric": "hours", "tolerance_pct": 5}


def test_reps_in_their_bands_may_leave_their_manager_above_target() -> None:
    assert hours(TEAMS, planned(TEAMS, policy())) == {"M1": 240.0, "M2": 160.0}


def test_a_band_of_managers_is_kept() -> None:
    plan = planned(TEAMS, policy(BAND))
    assert hours(TEAMS, plan) == {"M1": 210.0, "M2": 190.0}
    rows = plan.levels.rows_by_key("member_id", named=True, unique=True)
    assert rows["M1"]["target"] == 200.0
    assert (rows["M1"]["upper_limit"], rows["M1"]["deviation_pct"]) == (210.0, 5.0)
    assert rows["M1"]["is_binding"]
    assert plan.summary["is_proved_optimal"].item()


def test_a_group_that_stands_at_its_band_has_a_price_and_a_sentence() -> None:
    plan = planned(TEAMS, policy(BAND))
    of_levels = plan.bindings.filter(pl.col("constraint_kind").str.starts_with("level_"))
    row = of_levels.sort("shadow_price_usd").row(-1, named=True)
    names = {"manager_id/M1/hours", "manager_id/M2/hours"}
    assert row["constraint_name"] in names
    assert row["rep_id"] is None
    assert row["shadow_price_usd"] > 0
    assert f"for manager {row['constraint_name'][11:13]} is worth USD" in row["statement"]


def test_reasons_name_the_band_of_the_group() -> None:
    plan = planned(TEAMS, policy(BAND))
    with_m2 = plan.assignment.filter(pl.col("rep_id").is_in(["R2", "R3"]))
    assert (
        with_m2["reason"]
        .str.contains(
            "the manager of .* is full in hours|the manager of .* needs it to reach the lower limit"
        )
        .all()
    )


def test_an_inner_band_is_weighed_against_travel() -> None:
    cheap = BAND | {"tolerance_pct": 20, "soft_tolerance_pct": 0, "soft_price_usd_per_pct": 0.01}
    dear = cheap | {"soft_price_usd_per_pct": 1e6}
    assert hours(TEAMS, planned(TEAMS, policy(cheap)))["M1"] == 240.0
    plan = planned(TEAMS, policy(dear))
    assert hours(TEAMS, plan)["M1"] == 200.0
    assert plan.summary["deviation_cost_usd"].item() == 0.0


def test_who_has_no_manager_is_in_no_group() -> None:
    book = company("M1", "M1", "M2", None)
    plan = planned(book, policy(BAND))
    assert plan.levels["member_id"].to_list() == ["M1", "M2"]
    assert plan.levels["target"].to_list() == [200.0, 100.0]
    assert plan.findings.filter(rule="level_without_groups")["affected_rows"].to_list() == [1]


def test_what_a_team_cannot_have_is_named() -> None:
    """Thirty accounts may only go to M1's reps: 300 hours, where their manager may have 210."""
    rows = [
        account(f"A{i:02}", **FIELD, service_hours=10.0, segment="key" if i < 30 else "small")
        for i in range(40)
    ]
    book = tables(rows, team("M1", "M1", "M2", "M2"))
    rule = {"name": "west", "accounts": {"segment": ["key"]}, "reps": {"manager_id": ["M1"]}}
    wide = [{"metric": "hours", "tolerance_pct": 70}]
    strict = policy(BAND, metrics=wide, eligibility=[rule], on_infeasible="stop")
    with pytest.raises(Infeasible, match="hours of manager M1: what only this team may own"):
        plan_territories(book.accounts, book.reps, book.overrides, strict)
    relaxed = policy(BAND, metrics=wide, eligibility=[rule])
    plan = planned(book, relaxed)
    assert plan.levels["relaxation_pct"].to_list() == [45.0, 45.0]
    words = plan.findings.filter(rule="band_relaxed")["message"].to_list()
    assert any(
        "hours of manager M1: upper limit raised by 45.0 points of target" in w for w in words
    )


def broken(plan: Plan, policy: Policy, **changed: pl.DataFrame) -> set[str]:
    frames = plan.tables() | changed
    found = verify_plan(TEAMS.accounts, TEAMS.reps, TEAMS.overrides, policy, frames)
    return {one.rule for one in found}


def test_the_verifier_catches_a_broken_group() -> None:
    """A plan without the band is no plan with it, whatever its tables say."""
    loose = planned(TEAMS, policy())
    assert "level_band" in broken(loose, policy(BAND))
    stated = planned(TEAMS, policy(BAND))
    wrong = stated.levels.with_columns(pl.col("metric_load") - 10)
    assert broken(stated, policy(BAND), plan_level=wrong) == {"level_band"}
    assert broken(stated, policy(BAND), plan_level=stated.levels.head(1)) == {"level_band"}
    # The same owners and tables under a policy that stops: nothing was broken, so nothing is.
    assert broken(stated, policy(BAND, on_infeasible="stop")) == set()


def test_new_accounts_stay_in_the_band_of_the_group() -> None:
    """M1 stands at 210 of 210 hours: the next account goes east, though it lies nearer to M1."""
    plan = planned(TEAMS, policy(BAND))
    chosen = plan.assignment.select("account_id", "rep_id")
    new = account("N1", **FIELD, service_hours=1.0, visits_per_year=6.0)
    grown = tables([*TEAMS.accounts.to_dicts(), new], TEAMS.reps.to_dicts())
    wide = policy(BAND, metrics=[{"metric": "hours", "tolerance_pct": 50}])
    routed = route_accounts(grown.accounts, grown.reps, grown.overrides, wide, chosen)
    assert routed["rep_id"].item() in ("R2", "R3")
    assert "Hours of manager M1: 0.2 points of target above" in routed["reason"].item()


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ([{"by": "team", "metrics": [BAND]}], "manager_id"),
        ([{"by": "region", "metrics": []}], "at least 1 item"),
        ([{"by": "region", "metrics": [{"metric": "hour"}]}], "did you mean 'hours'"),
        ([{"by": "region", "metrics": [BAND, BAND]}], "hours more than once"),
        ([{"by": "region", "metrics": [BAND]}] * 2, "levels lists region more than once"),
    ],
)
def test_levels_that_make_no_sense_are_refused(levels: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Policy.model_validate({"levels": levels})


def test_overrides_still_count() -> None:
    book = Tables(
        TEAMS.accounts,
        TEAMS.reps,
        tables([], [], [override(f"A{i:02}", "assign", "R2") for i in range(9)]).overrides,
    )
    plan = planned(book, policy(BAND))
    assert hours(book, plan)["M2"] == 190.0
    assert np.isclose(plan.levels["metric_load"].sum(), 400.0)

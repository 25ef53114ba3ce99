"""Rebalancing and routing on small books: what moves, what does not, and why."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from synthetic import make_book

from optimization import (
    PlanInputError,
    Policy,
    Proposal,
    rebalance_territories,
    route_accounts,
    verify_plan,
)
from optimization.rebalance import lexicographic
from optimization.rebalance.drift import measure_drift
from tests.book.tiny_book import Tables, account, owned, rep, tables

CHOSEN = {"account_id": pl.String, "rep_id": pl.String}


def chosen(**owner: str | None) -> pl.DataFrame:
    return pl.DataFrame({"account_id": list(owner), "rep_id": list(owner.values())}, schema=CHOSEN)


def rebalanced(
    company: Tables, plan: pl.DataFrame, policy: dict[str, Any] | None = None
) -> Proposal:
    return rebalance_territories(
        company.accounts, company.reps, company.overrides, Policy.model_validate(policy or {}), plan
    )


HOURS_ONLY = {"metrics": [{"metric": "hours", "tolerance_pct": 10}]}


def test_nothing_moves_while_every_band_is_kept() -> None:
    company = tables([owned("A1", "R1"), owned("A2", "R2")], [rep("R1"), rep("R2")])
    proposal = rebalanced(company, chosen(A1="R1", A2="R2"), HOURS_ONLY)
    assert proposal.moves.is_empty()
    kpi = proposal.kpi.row(0, named=True)
    assert not kpi["is_needed"]
    assert kpi["price_usd"] == 0.0
    assert proposal.broken_before == ()


def test_one_account_restores_what_two_could() -> None:
    sizes = {"A1": 200.0, "A2": 100.0, "A3": 100.0, "A4": 100.0, "A5": 100.0}
    accounts = [owned(a, "R1", service_hours=h) for a, h in sizes.items() if a < "A5"]
    accounts.append(owned("A5", "R2", service_hours=100.0))
    company = tables(accounts, [rep("R1"), rep("R2")])
    plan = chosen(A1="R1", A2="R1", A3="R1", A4="R1", A5="R2")
    proposal = rebalanced(company, plan, HOURS_ONLY)
    assert proposal.moves["account_id"].to_list() == ["A1"]
    kpi = proposal.kpi.row(0, named=True)
    assert (kpi["voluntary_moves"], kpi["is_proved_fewest"]) == (1, True)
    assert (kpi["broken_limits_before"], kpi["broken_limits_after"]) == (2, 0)
    assert "hours of" in proposal.broken_before[0]


def test_the_plan_counts_and_not_the_owner_in_the_data() -> None:
    company = tables([owned("A1", "R2"), owned("A2", "R1")], [rep("R1"), rep("R2")])
    proposal = rebalanced(company, chosen(A1="R1", A2="R2"), HOURS_ONLY)
    assert proposal.moves.is_empty()
    assert "owner_differs_from_plan" in proposal.plan.findings["rule"].to_list()


def test_accounts_of_who_left_and_new_ones_do_not_count_as_moves() -> None:
    company = tables(
        [owned("A1", "R1"), owned("A2", "R9"), account("A3"), owned("A4", "R2")],
        [rep("R1"), rep("R2")],
    )
    plan = chosen(A1="R1", A2="R9", A4="R2", A7="R1")
    proposal = rebalanced(company, plan, HOURS_ONLY)
    kinds = dict(proposal.moves.select("account_id", "move_kind").iter_rows())
    assert kinds == {"A2": "forced", "A3": "new"}
    kpi = proposal.kpi.row(0, named=True)
    assert (kpi["voluntary_moves"], kpi["leavers"], kpi["closed_accounts"]) == (0, 1, 1)


def test_a_chosen_plan_names_an_account_once() -> None:
    company = tables([owned("A1", "R1")], [rep("R1")])
    twice = pl.concat([chosen(A1="R1"), chosen(A1="R1")])
    with pytest.raises(PlanInputError, match="A1 more than once"):
        rebalanced(company, twice)
    with pytest.raises(PlanInputError, match="no column rep_id"):
        rebalanced(company, twice.select("account_id"))


def drifted() -> tuple[Tables, pl.DataFrame, dict[str, Any]]:
    """A small book, balanced, then grown by chance."""
    book = make_book(90, 6, seed=3)
    policy: dict[str, Any] = {
        "metrics": [
            {"metric": "hours", "tolerance_pct": 10},
            {"metric": "potential", "tolerance_pct": 20},
        ],
        "solver": {"rounds": 0, "search_steps_millions": 1, "threads": 1},
    }
    first = rebalanced(book, pl.DataFrame(schema=CHOSEN), policy)
    rng = np.random.default_rng(5)
    factor = np.exp(0.15 * rng.standard_normal((book.accounts.height, 2)))
    grown = book.accounts.with_columns(
        pl.col("service_hours") * pl.Series(factor[:, 0]),
        pl.col("potential_usd") * pl.Series(factor[:, 1]),
    )
    return Tables(grown, book.reps, book.overrides), first.plan.assignment, policy


def test_larger_books_are_restored_by_search(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the book were beyond what the whole integer model settles.
    monkeypatch.setattr(lexicographic, "EXACT_ARCS", 0)
    company, plan, policy = drifted()
    proposal = rebalanced(company, plan, policy)
    kpi = proposal.kpi.row(0, named=True)
    assert kpi["broken_limits_before"] > 0
    assert kpi["excess_after_pct"] < 0.1 * kpi["excess_before_pct"]
    assert 0 < kpi["fewest_amount"] <= kpi["voluntary_moves"] < 20
    assert kpi["resolve_cost_bound_usd"] <= kpi["cost_bound_usd"] <= kpi["cost_usd"] + 0.01
    tables_of_plan = proposal.plan.tables()
    reading = Policy.model_validate(policy)
    assert not verify_plan(
        proposal.accounts, company.reps, company.overrides, reading, tables_of_plan
    )
    turned = Tables(company.accounts.reverse(), company.reps.reverse(), company.overrides)
    assert rebalanced(turned, plan.reverse(), policy).moves.equals(proposal.moves)


def drift_of(company: Tables, plan: pl.DataFrame, drift: Any, **more: Any) -> pl.DataFrame:
    policy = Policy.model_validate(HOURS_ONLY | {"rebalancing": {"drift": drift}})
    tables_of_book = (company.accounts, company.reps, company.overrides)
    return measure_drift(*tables_of_book, policy, plan, **more)


def test_drift_is_measured_signal_by_signal() -> None:
    company = tables(
        [
            owned("A1", "R1", service_hours=75.0, actual_sales_usd=300.0),
            owned("A4", "R1", service_hours=75.0),
            owned("A2", "R2", service_hours=100.0, actual_sales_usd=100.0),
            owned("A3", "R9", service_hours=10.0),
        ],
        [rep("R1"), rep("R2")],
    )
    plan = chosen(A1="R1", A4="R1", A2="R2", A3="R9")
    then = pl.DataFrame({"rep_id": ["R1", "R2"], "market_penetration_pct": [20.0, 10.0]})
    rows = drift_of(company, plan, {}, penetration_then=then)
    observed = {(r["signal"], r["rep_id"]): r for r in rows.iter_rows(named=True)}
    # Targets are 130 hours each, bands 117 to 143.
    assert observed["band", "R1"]["observed"] == pytest.approx(100 * 7 / 130, abs=1e-3)
    assert observed["band", "R2"]["observed"] == pytest.approx(100 * 17 / 130, abs=1e-3)
    assert "above the band" in observed["band", "R1"]["statement"]
    assert observed["penetration", "R1"]["observed"] == pytest.approx(25.0)
    assert observed["penetration", "R2"]["observed"] == pytest.approx(0.0)
    assert observed["without_owner", None]["observed"] == 1
    assert observed["leavers", None]["statement"].endswith("R9")
    passed = {key for key, row in observed.items() if row["is_passed"]}
    assert passed == observed.keys() - {("penetration", "R2")}


def test_thresholds_and_signals_that_are_switched_off() -> None:
    company = tables([owned("A1", "R1"), owned("A2", "R1"), account("A3")], [rep("R1"), rep("R2")])
    off = {"band_excess_pct": None, "accounts_without_owner": 1, "leavers": None}
    assert not drift_of(company, chosen(A1="R1", A2="R1"), off)["is_passed"].any()
    on = {"band_excess_pct": 50}
    assert drift_of(company, chosen(A1="R1", A2="R1"), on)["is_passed"].sum() == 2


def test_drift_of_a_managers_team_is_seen_and_mended() -> None:
    """Each rep stays in a wide band, but one manager's two reps are both near its top."""
    hours = {"R1": (70.0, 40.0), "R2": (70.0, 40.0), "R3": (90.0,), "R4": (90.0,)}
    owner = {f"{r}-{n}": (r, h) for r, sizes in hours.items() for n, h in enumerate(sizes)}
    accounts = [owned(a, r, service_hours=h) for a, (r, h) in owner.items()]
    team = [rep(r, manager_id=m) for r, m in zip(hours, ("M1", "M1", "M2", "M2"), strict=True)]
    company = tables(accounts, team)
    plan = chosen(**{a: r for a, (r, _) in owner.items()})
    # Targets: 100 hours a rep, 200 a manager.
    bands: dict[str, Any] = {
        "metrics": [{"metric": "hours", "tolerance_pct": 40}],
        "levels": [{"by": "manager_id", "metrics": [{"metric": "hours", "tolerance_pct": 5}]}],
    }
    policy = Policy.model_validate(bands)
    rows = measure_drift(company.accounts, company.reps, company.overrides, policy, plan)
    passed = rows.filter("is_passed").to_dicts()
    assert [(r["signal"], r["level"], r["member_id"]) for r in passed] == [
        ("level_band", "manager_id", "M1"),
        ("level_band", "manager_id", "M2"),
    ]
    assert passed[0]["observed"] == pytest.approx(5.0)
    assert passed[0]["statement"] == (
        "hours of manager M1: +10.0 % of target, 5.0 points above the band"
    )
    proposal = rebalanced(company, plan, bands)
    kpi = proposal.kpi.row(0, named=True)
    assert (kpi["broken_limits_before"], kpi["broken_limits_after"]) == (2, 0)
    after = measure_drift(
        *(company.accounts, company.reps, company.overrides, policy), proposal.plan.assignment
    )
    assert not after["is_passed"].any()
    off = Policy.model_validate(bands | {"rebalancing": {"drift": {"level_excess_pct": None}}})
    rows = measure_drift(company.accounts, company.reps, company.overrides, off, plan)
    assert not rows["is_passed"].any()


def routed(company: Tables, plan: pl.DataFrame, policy: Any, **more: Any) -> pl.DataFrame:
    return route_accounts(
        company.accounts,
        company.reps,
        company.overrides,
        Policy.model_validate(policy),
        plan,
        **more,
    )


def two_towns() -> Tables:
    """R1 in Kansas City holds more than R2 in Denver; A3 and A4 are new, in Kansas City."""
    accounts = [
        owned("A1", "R1", service_hours=150.0),
        owned("A2", "R2", service_hours=100.0),
        account("A3", service_hours=50.0),
        account("A4", service_hours=10.0),
    ]
    denver = {"latitude": 39.74, "longitude": -104.99}
    return tables(accounts, [rep("R1"), rep("R2", **denver)])


def test_a_new_account_goes_to_the_cheapest_territory_that_stays_in_band() -> None:
    rows = routed(two_towns(), chosen(A1="R1", A2="R2"), HOURS_ONLY)
    first, second = rows.to_dicts()
    assert (first["account_id"], first["rep_id"], first["route_kind"]) == ("A3", "R2", "in_band")
    assert first["runner_up_rep_id"] == "R1"
    assert first["runner_up_delta_usd"] < 0
    assert "leave the band" in first["reason"]
    # With A3 in place both have room for A4, and Kansas City is nearer.
    assert (second["account_id"], second["rep_id"], second["reps_in_band"]) == ("A4", "R1", 2)
    assert "costs least and stays in band" in second["reason"]


def test_where_no_territory_stays_in_band_the_least_excess_decides() -> None:
    company = tables(
        [owned("A1", "R1", service_hours=190.0), owned("A2", "R2"), account("A3")],
        [rep("R1"), rep("R2")],
    )
    tight = {"metrics": [{"metric": "hours", "tolerance_pct": 1}]}
    (row,) = routed(company, chosen(A1="R1", A2="R2"), tight).to_dicts()
    assert (row["rep_id"], row["route_kind"]) == ("R2", "least_excess")
    assert "No territory stays in band" in row["reason"]


def test_only_the_accounts_asked_for_are_routed() -> None:
    plan = chosen(A1="R1", A2="R2")
    rows = routed(two_towns(), plan, HOURS_ONLY, account_ids=["A4"])
    assert rows["account_id"].to_list() == ["A4"]
    with pytest.raises(PlanInputError, match=r"A1 .* belongs to"):
        routed(two_towns(), plan, HOURS_ONLY, account_ids=["A1"])
    with pytest.raises(PlanInputError, match="A8 is not in the data"):
        routed(two_towns(), plan, HOURS_ONLY, account_ids=["A8"])

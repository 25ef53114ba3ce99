"""The judge against sums by hand, the rivals against the rules, the claims against the truth."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import rivals
from benchmarks.books import Book, planning_book
from benchmarks.case import METRICS, Case, Ints, build_case, scale_policy
from benchmarks.rival_plans import METHODS, longest_first, today, waterfall
from benchmarks.rival_plans.whole_model import build_model
from benchmarks.run_log import RunLog
from benchmarks.scale import write_book
from benchmarks.yardstick import Verdict, judge, territory_loads

METRIC_COLUMNS = dict(
    zip(METRICS[:3], ("service_hours", "potential_usd", "actual_sales_usd"), strict=True)
)


@pytest.fixture(scope="module")
def book() -> Book:
    return planning_book(300, 8, 11)


@pytest.fixture(scope="module")
def case(book: Book) -> Case:
    return build_case(book, scale_policy())


@pytest.fixture(scope="module")
def whole_units(case: Case) -> Ints:
    """A plan of the case that keeps every rule but bands and budget."""
    return longest_first.plan(case, 1.0, 7)


def test_value_and_cost_of_a_plan_add_up_to_the_same_for_every_plan(case: Case) -> None:
    plans = [plan.plan(case, 1.0, 7) for plan in (today, longest_first, waterfall)]
    verdicts = [judge(case, plan) for plan in plans]
    sums = [one.value_usd + one.cost_usd for one in verdicts]
    assert np.allclose(sums, sums[0], rtol=1e-12)
    assert len({round(one.value_usd) for one in verdicts}) == 3


def test_pair_amounts_match_a_calculation_with_plain_numbers(book: Book, case: Case) -> None:
    account = next(
        i for i in range(len(case.accounts)) if case.accounts.incumbent[i] >= 0 and _sells(case, i)
    )
    row = book.accounts.sort("account_id").row(account, named=True)
    reps = book.reps.sort("rep_id").to_dicts()
    rep = (int(case.accounts.incumbent[account]) + 3) % len(reps)
    policy, one = case.policy, reps[rep]
    lat, lon, to_lat, to_lon = (
        np.radians(float(value))
        for value in (row["latitude"], row["longitude"], one["latitude"], one["longitude"])
    )
    cosine = np.sin(lat) * np.sin(to_lat) + np.cos(lat) * np.cos(to_lat) * np.cos(lon - to_lon)
    trip = 2 * 6371.0088 * np.arccos(cosine) * policy.travel.circuity
    trip = min(trip / policy.travel.speed_km_per_hour, policy.travel.cap_hours_per_visit)
    amounts = case.pairs(np.array([account]), np.array([rep]))
    assert amounts.travel_hours[0] == pytest.approx(row["visits_per_year"] * trip, rel=1e-6)

    old = reps[int(case.accounts.incumbent[account])]
    knows = row["industry"] in (one["skill_industries"] or "").split("|")
    relief = 0.2 * knows + 0.2 * (one["experience_multiplier"] >= old["experience_multiplier"])
    loss = row["actual_sales_usd"] * 0.15 * (1 - relief)
    assert amounts.disruption_usd[0] == pytest.approx(loss)
    assert amounts.handover_usd[0] == policy.disruption.handover_usd

    short = min(max(1 + min(max((row["complexity_score"] - 1) / 2, 0), 0.5), 0), 1.5)
    short = min(max(short - one["experience_multiplier"], 0.0), 0.5)
    stranger = bool(one["skill_industries"]) and not knows
    fit = (1 - 0.3 * short / 0.5) * (1 - 0.15 * stranger)
    team = sum(each["effective_capacity_hours"] for each in reps)
    hours = row["service_hours"] * min(1.0, team / book.accounts["service_hours"].sum())
    whitespace = max(row["potential_usd"] - row["actual_sales_usd"], 0.0)
    win = whitespace * 0.1 * hours / (hours + 40) * fit
    assert amounts.expected_usd[0] == pytest.approx(row["actual_sales_usd"] + win)


def _sells(case: Case, account: int) -> bool:
    return bool(case.accounts.sales[account] > 0)


def test_deviations_are_those_of_sums_by_rep(book: Book, case: Case, whole_units: Ints) -> None:
    verdict = judge(case, whole_units)
    accounts = book.accounts.sort("account_id").with_columns(rep=pl.Series(whole_units))
    for k, (metric, column) in enumerate(METRIC_COLUMNS.items()):
        if case.bands.is_giant[:, k].any():
            continue
        load = accounts.group_by("rep").agg(pl.col(column).sum()).sort("rep")[column].to_numpy()
        capacity = book.reps.sort("rep_id")["effective_capacity_hours"].to_numpy()
        target = capacity / capacity.sum() * load.sum()
        deviation = 100 * np.abs(load / target - 1).max()
        found = next(one for one in verdict.balance if one.metric == metric)
        assert found.max_deviation_pct == pytest.approx(deviation)
        assert found.excess_pct == pytest.approx(max(deviation - found.tolerance_pct, 0), abs=1e-9)


def test_moves_and_broken_rules_are_counted(case: Case, whole_units: Ints) -> None:
    before = judge(case, whole_units)
    assert before.keeps_rules
    assert not before.keeps_budget
    unit = int(np.flatnonzero(np.bincount(case.accounts.unit) > 1)[0])
    members = np.flatnonzero(case.accounts.unit == unit)
    split = whole_units.copy()
    split[members[0]] = (split[members[0]] + 1) % len(case.reps)
    held = int(np.flatnonzero(case.fixed[case.accounts.unit] >= 0)[0])
    if held not in members:
        split[held] = -1
    verdict = judge(case, split)
    assert verdict.split_families >= 1
    assert verdict.unassigned_accounts == 1
    assert verdict.broken_holds >= 1
    assert not verdict.keeps_rules


def test_a_forbidden_pair_is_counted(case: Case, whole_units: Ints) -> None:
    unit = int(np.flatnonzero(case.fixed < 0)[0])
    rep = int(whole_units[case.accounts.unit == unit][0])
    forbidding = replace(case, forbidden=((unit, rep),))
    assert judge(case, whole_units).forbidden_pairs == 0
    assert judge(forbidding, whole_units).forbidden_pairs == (case.accounts.unit == unit).sum()


def test_a_giant_counts_nothing_above_and_fills_its_owner_from_below(case: Case) -> None:
    unit = int(np.argmax(case.unit_load[:, 1]))
    shape = case.bands.target.shape
    giant = case.bands.is_giant.copy()
    giant[unit, 1] = True
    small = case.unit_load[unit, 1] / 2
    bands = replace(
        case.bands,
        is_giant=giant,
        target=np.full(shape, small),
        lower=np.full(shape, 0.95 * small),
        upper=np.full(shape, 1.05 * small),
    )
    changed = replace(case, bands=bands)
    alone = np.where(case.accounts.unit == unit, 0, 1)
    above, fill = territory_loads(changed, alone, bands.lower)
    assert above[0, 1] == 0.0
    assert fill[0, 1] == pytest.approx(0.95 * small)
    assert above[1, 1] == pytest.approx(case.unit_load[:, 1].sum() - case.unit_load[unit, 1])


@pytest.mark.parametrize("method", ["longest_first", "waterfall"])
def test_heuristics_keep_families_locks_and_forbidden_pairs(case: Case, method: str) -> None:
    plan = rivals.method_named(method).plan(case, 1.0, 7)
    assert plan is not None
    assert judge(case, plan).keeps_rules


def test_waterfall_keeps_an_owner_who_has_room(case: Case) -> None:
    wide = replace(case.bands, upper=np.full(case.bands.upper.shape, np.inf))
    plan = waterfall.plan(replace(case, bands=wide), 1.0, 7)
    anchor = case.anchor[case.fixed < 0]
    owned = anchor[case.accounts.incumbent[anchor] >= 0]
    assert (plan[owned] == case.accounts.incumbent[owned]).all()


def test_the_solvers_matrix_says_what_the_judge_says(case: Case, whole_units: Ints) -> None:
    """Cost, band excess and moved sales of one plan, by both."""
    model, verdict = build_model(case), judge(case, whole_units)
    owner = whole_units[case.anchor]
    chosen = (model.rep == owner[model.unit]).astype(float)
    assert chosen.sum() == case.unit_count
    slacks = np.zeros(model.cost.size - chosen.size)
    activity = model.matrix @ np.concatenate((chosen, slacks))
    excess = np.maximum(np.maximum(activity - model.upper, model.lower - activity), 0.0)
    reps, first = len(case.reps), case.unit_count
    overtime = excess[first : first + reps] @ model.cost[chosen.size : chosen.size + reps]
    cost = model.cost[: chosen.size] @ chosen + overtime
    assert cost == pytest.approx(verdict.cost_usd, rel=1e-9)
    bands = excess[first + reps : -1].sum()
    assert 100 * bands == pytest.approx(sum(one.total_excess_pct for one in verdict.balance))
    assert 100 * activity[-1] == pytest.approx(verdict.moved_sales_pct)


@pytest.mark.slow
def test_solvers_in_their_own_processes_agree_on_a_small_book(tmp_path: Path) -> None:
    """Separate processes: highspy cannot be loaded after the libraries that come with OR-tools."""
    small = planning_book(40, 3, 2)
    write_book(small, tmp_path)
    case = build_case(small, scale_policy())
    pytest.importorskip("ortools")
    penalised: list[float] = []
    for name in ("highs", "cp_sat"):
        made = rivals.in_fresh_process(tmp_path, name, seed=7, seconds=20.0)
        assert made["plan"] is not None, made["note"]
        verdict = judge(case, made["plan"])
        assert verdict.keeps_rules
        assert verdict.keeps_budget
        penalised.append(_with_penalty(verdict))
    assert penalised[0] == pytest.approx(penalised[1], rel=2e-3)


def _with_penalty(verdict: Verdict) -> float:
    return verdict.cost_usd + 1e5 * sum(one.total_excess_pct for one in verdict.balance)


@pytest.mark.slow
def test_clusters_of_even_size_keep_families_and_locks(book: Book, tmp_path: Path) -> None:
    pytest.importorskip("k_means_constrained")
    write_book(book, tmp_path)
    made = rivals.in_fresh_process(tmp_path, "clusters", seed=7, seconds=20.0)
    case = build_case(book, scale_policy())
    assert made["plan"] is not None, made["note"]
    assert judge(case, made["plan"]).keeps_rules
    free = case.fixed < 0
    sizes = np.bincount(made["plan"][case.anchor[free]], minlength=len(case.reps))
    mean = free.sum() / len(case.reps)
    # A forbidden pair may move one unit to a neighbour.
    assert sizes.max() <= np.ceil(1.15 * mean) + len(case.forbidden)


def _run(method: str, **changes: Any) -> dict[str, Any]:
    verdict: dict[str, Any] = {
        "value_usd": 100.0,
        "cost_usd": 10.0,
        "worst_excess_pct": 0.0,
        "moved_accounts": 5,
        "moved_sales_pct": 4.0,
        "travel_hours": 50.0,
        "keeps_bands": True,
        "keeps_rules": True,
        "keeps_budget": True,
        "faults": [],
        "balance": [{"metric": metric, "excess_pct": 0.0} for metric in METRICS],
    }
    return {
        **dict.fromkeys(("accounts", "reps", "seed"), 7),
        "seconds_given": 5.0,
        "method": method,
        "seconds": 1.0,
        "peak_mb": 1.0,
        "note": "",
        "verdict": {**verdict, **changes},
        "machine": {"cores": 1, "processor": "x", "memory_gb": 1, "system": "s", "python": "3"},
    }


def test_dominance_needs_all_four_and_a_lawful_plan() -> None:
    mine = _run("engine")["verdict"]
    better = _run("highs", travel_hours=40.0)["verdict"]
    assert rivals.dominates(better, mine)
    assert not rivals.dominates(mine, better)
    assert not rivals.dominates(mine, mine)
    assert not rivals.dominates({**better, "moved_accounts": 6}, mine)
    assert not rivals.dominates({**better, "keeps_budget": False}, mine)


def test_claims_tell_what_is_unfavourable() -> None:
    engine, rival = _run("engine"), _run("highs", value_usd=101.0)
    value, excess, dominance = rivals.claims([engine, rival])
    assert value == "Among plans that meet every band, HiGHS has a higher value."
    assert excess.startswith("No rival's worst territory is nearer its bands")
    assert dominance.startswith("HiGHS dominates the engine's plan")

    missed = _run("engine", keeps_bands=False, worst_excess_pct=3.0)
    greedy = _run("longest_first", keeps_budget=False, moved_accounts=50, value_usd=50.0)
    value, excess, dominance = rivals.claims([missed, greedy])
    assert value == "The engine's plan does not meet every band; greedy, longest first does."
    assert "which breaks rules or the move budget" in excess
    assert dominance.startswith("No rival dominates the engine")
    assert rivals.claims([rival]) == ["The engine made no plan."]

    guilty = _run("engine", faults=["moves 13.8 % of sales"], keeps_budget=False)
    assert rivals.claims([guilty])[-1].endswith("does not keep: moves 13.8 % of sales.")


def test_page_shows_who_found_nothing() -> None:
    none = {**_run("cp_sat"), "verdict": None, "note": rivals.NOTHING}
    page = rivals.report([_run("engine"), none])
    assert "| CP-SAT | none |" in page
    assert page.count("none in time") == 1
    # Rows follow the order of the methods, the engine last.
    assert page.index("| CP-SAT") < page.index("| engine")


def test_only_what_is_missing_or_failed_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def pretend(folder: Path, name: str, seed: int, seconds: float) -> dict[str, Any]:
        made.append(name)
        note = f"{rivals.FAILED}: no" if name == "highs" and len(made) < 8 else rivals.NOTHING
        return {"seconds": 1.0, "peak_mb": None, "note": note, "plan": None}

    monkeypatch.setattr(rivals, "in_fresh_process", pretend)
    monkeypatch.setattr(rivals, "machine", lambda *names: {})
    for _ in range(3):
        log = RunLog(tmp_path / "runs.json", rivals.KEYS)
        rivals.compare(log, 60, 3, 7, 1.0)
    everybody = [*(method.module for method in METHODS), rivals.ENGINE]
    assert made == [*everybody, "highs"]
    assert len(RunLog(tmp_path / "runs.json", rivals.KEYS).runs) == len(everybody)

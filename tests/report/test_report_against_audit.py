"""Extracted plans, good or bad, hold what the verifier derives by other means."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from random_company import AS_OF, Company, random_answer, random_company

from optimization.audit.verify import verify_plan
from optimization.book.planning import Planning
from optimization.engine.answer import Answer
from optimization.engine.dense import DensePairs
from optimization.errors import PlanInputError
from optimization.policy import Policy
from optimization.report.extract import extract_plan
from optimization.report.result import (
    ASSIGNMENT_SCHEMA,
    BINDING_SCHEMA,
    FINDING_SCHEMA,
    METRIC_SCHEMA,
    SUMMARY_SCHEMA,
    TARGET_SCHEMA,
    Plan,
)

SEEDS = range(24)


@cache
def planned(seed: int) -> tuple[Company, Planning, Answer, Plan]:
    """A random company and a random plan of it; skips draws that contradict themselves."""
    company = random_company(seed)
    try:
        planning = company.planning()
    except PlanInputError as error:
        pytest.skip(str(error))
    answer = random_answer(planning, seed)
    return company, planning, answer, extract_plan(planning, answer, {"hours": 1.00009}, [])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verifier_agrees_with_every_figure(seed: int) -> None:
    company, planning, answer, plan = planned(seed)
    violations = verify_plan(
        company.accounts,
        company.reps,
        company.overrides,
        company.policy,
        plan.tables(),
        as_of=AS_OF,
        travel_matrix=company.matrix,
    )
    # A random plan may put rivals together; the engine's own count says whether it does.
    if planning.problem.evaluate(answer.owner).clashes:
        violations = [one for one in violations if one.rule != "separate"]
    assert [one.message for one in violations] == []
    assert plan.summary["objective_usd"].item() == pytest.approx(answer.objective, abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_runner_up_is_the_cheapest_other_rep_at_the_prices(seed: int) -> None:
    _, planning, answer, plan = planned(seed)
    dense = DensePairs.copied(planning.problem.pairs)
    prices, reps = answer.prices, planning.reps.ids
    priced = dense.cost[:, :-1] + np.einsum("uje,je->uj", dense.load, prices.above)
    priced -= np.einsum("uje,je->uj", dense.fill, prices.below)
    priced += dense.weight[:, :-1] @ prices.budget
    priced = np.where(dense.allowed[:, :-1], priced, np.inf)
    units = np.arange(answer.owner.size)
    mine = planning.pairs.at(units, answer.owner).priced(answer.owner, prices)
    for u in units.tolist():
        others = priced[u].copy()
        if answer.owner[u] < len(reps):
            others[answer.owner[u]] = np.inf
        rows = plan.assignment.filter(pl.col("unit_id") == planning.units.ids[u])
        for named, delta in rows.select("runner_up_rep_id", "runner_up_delta_usd").iter_rows():
            if np.isinf(others.min()):
                assert (named, delta) == (None, None)
                continue
            assert others[reps.index(named)] == pytest.approx(others.min(), abs=1e-6)
            assert delta == pytest.approx(max(others.min() - mine[u], 0.0), abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_account_is_explained(seed: int) -> None:
    _, planning, _, plan = planned(seed)
    rows = plan.assignment
    assert rows["reason_code"].null_count() == 0
    assert rows["reason"].null_count() == 0
    assert rows["reason"].str.contains(r"[{}]").sum() == 0
    free = rows.filter(~pl.col("reason_code").is_in(["assigned", "locked", "only_eligible"]))
    moved = set(free.filter(pl.col("is_moved") & ~pl.col("unassigned"))["reason_code"])
    assert all(code.startswith("moved_") for code in moved)
    kept = free.filter(pl.col("incumbent_rep_id") == pl.col("rep_id"))
    assert set(kept["reason_code"]) <= {"kept_least_cost", "kept_for_balance"}
    assert set(free.filter("is_forced_move")["reason_code"]) <= {"forced_move"}
    assert set(free.filter("is_new_assignment")["reason_code"]) <= {"new_assignment"}
    assert set(rows.filter("unassigned")["reason_code"]) <= {"unassigned"}
    assert rows.filter("unassigned").height == rows["rep_id"].null_count()
    labels = dict(zip(planning.reps.ids, planning.reps.labels, strict=True))
    for rep_id, reason in rows.filter(~pl.col("unassigned")).select("rep_id", "reason").iter_rows():
        assert labels[rep_id] in reason


def test_tables_have_their_schemas_and_order() -> None:
    _, planning, _, plan = planned(0)
    assert plan.assignment.schema == pl.Schema(ASSIGNMENT_SCHEMA)
    assert plan.summary.schema == pl.Schema(SUMMARY_SCHEMA)
    assert plan.targets.schema == pl.Schema(TARGET_SCHEMA)
    assert plan.metrics.schema == pl.Schema(METRIC_SCHEMA)
    assert plan.bindings.schema == pl.Schema(BINDING_SCHEMA)
    assert plan.findings.schema == pl.Schema(FINDING_SCHEMA)
    assert plan.assignment["account_id"].to_list() == sorted(planning.accounts.ids)
    assert plan.metrics["metric"].to_list() == list(planning.targets.names)
    # A floor is rounded down, never up.
    floors = dict(plan.metrics.select("metric", "floor_pct").iter_rows())
    assert floors["hours"] == 1.0


def test_a_plan_proved_optimal_has_no_regret() -> None:
    _, planning, answer, _ = planned(1)
    optimal = replace(answer, status="optimal", bound=answer.objective - 0.004)
    row = extract_plan(planning, optimal, {}, []).summary.row(0, named=True)
    assert row["is_proved_optimal"]
    assert row["regret_usd"] == row["optimality_gap_pct"] == 0.0
    assert row["bound_usd"] == row["objective_usd"]


@pytest.mark.parametrize("accounts", [0, 1])
def test_books_of_nothing_give_plans_of_nothing(accounts: int) -> None:
    company = random_company(3, accounts=1, reps=2)
    book, team = company.accounts.head(accounts), company.reps.head(2 * accounts)
    none = company.overrides.clear()
    planning = Company(book, team, none, Policy(), None).planning()
    plan = extract_plan(planning, random_answer(planning, 0), {}, [])
    assert plan.assignment.height == accounts
    assert verify_plan(book, team, none, Policy(), plan.tables()) == []

"""Exactness from tables to plan: every plan of a tiny company, all features of a policy mixed."""

from typing import Any

import polars as pl
import pytest
from every_company_plan import EveryCompanyPlan, every_company_plan
from hypothesis import HealthCheck, assume, given, settings
from tiny_book import Tables
from tiny_companies import tiny_companies

from optimization.book.planning import build_planning
from optimization.errors import Infeasible, PlanInputError
from optimization.planner import plan_territories
from optimization.policy import Policy

# Limits missed by less than a millionth count as kept, so plans that close to a limit may go
# either way: room for a few such misses.
ROOM = 1e-5
CENT = 0.01


def cases(count: int) -> settings:
    """Repeatable cases."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def truth_about(company: Tables, policy: Policy) -> EveryCompanyPlan:
    """Every plan; cases that contradict themselves are skipped."""
    try:
        planning = build_planning(company.accounts, company.reps, company.overrides, policy)
    except PlanInputError:
        assume(False)
        raise
    return every_company_plan(company, policy, planning)


def owners(assignment: pl.DataFrame) -> dict[str, str | None]:
    return dict(assignment.select("account_id", "rep_id").iter_rows())


@cases(120)
@given(tiny_companies())
def test_plan_is_the_cheapest_of_those_that_need_least(case: tuple[Tables, dict[str, Any]]) -> None:
    company, settings_of_policy = case
    policy = Policy.model_validate(settings_of_policy)
    truth = truth_about(company, policy)
    plan = plan_territories(company.accounts, company.reps, company.overrides, policy)
    row = truth.row(owners(plan.assignment))
    apart = truth.clashes == truth.clashes.min()
    least = truth.relaxation[apart].min()
    assert apart[row]
    spare = policy.solver.relaxation_slack_points / 100 if least > 0 else 0.0
    assert truth.relaxation[row] <= least + spare + ROOM
    surely, perhaps = truth.cheapest(policy, ROOM)
    summary = plan.summary.row(0, named=True)
    room = CENT + 2e-6 * surely
    assert perhaps - room <= truth.cost[row] <= surely + room
    assert summary["objective_usd"] == pytest.approx(truth.cost[row], abs=CENT)
    assert surely - room <= summary["bound_usd"] + room
    assert summary["bound_usd"] <= surely + room
    assert summary["is_proved_optimal"]


@cases(60)
@given(tiny_companies())
def test_stop_ends_exactly_where_no_plan_keeps_all(case: tuple[Tables, dict[str, Any]]) -> None:
    company, settings_of_policy = case
    policy = Policy.model_validate(settings_of_policy | {"on_infeasible": "stop"})
    truth = truth_about(company, policy)
    kept = (truth.clashes == 0) & (truth.relaxation == 0)
    nearly = (truth.clashes == 0) & (truth.relaxation < ROOM)
    assume(kept.any() == nearly.any())
    tables = company.accounts, company.reps, company.overrides
    if kept.any() and not truth.waived and not truth.let_off:
        row = truth.row(owners(plan_territories(*tables, policy).assignment))
        assert kept[row]
        return
    with pytest.raises(Infeasible) as stopped:
        plan_territories(*tables, policy)
    assert all(stopped.value.limits)

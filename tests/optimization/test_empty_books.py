"""A plan of nothing is a plan; accounts without anybody to own them are an error that says so."""

import pytest
from synthetic import make_book

from optimization import PlanInputError, Policy, plan_territories, verify_plan

BOOK = make_book(12, 3, seed=2)


@pytest.mark.parametrize("reps", [0, 3])
def test_no_accounts_give_an_empty_plan_that_costs_nothing(reps: int) -> None:
    tables = (BOOK.accounts.clear(), BOOK.reps.head(reps), BOOK.overrides)
    plan = plan_territories(*tables, Policy())
    summary = plan.summary.row(0, named=True)
    assert plan.assignment.height == 0
    assert plan.targets.height == 4 * reps
    assert (summary["objective_usd"], summary["bound_usd"]) == (0.0, 0.0)
    assert summary["optimality_gap_pct"] == 0.0
    assert summary["is_proved_optimal"]
    assert verify_plan(*tables, Policy(), plan.tables()) == []


def test_accounts_without_any_rep_are_refused() -> None:
    with pytest.raises(PlanInputError, match="no active rep"):
        plan_territories(BOOK.accounts, BOOK.reps.clear(), BOOK.overrides, Policy())

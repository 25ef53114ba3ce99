"""Move budgets, tiers that may stay unassigned, and where the search may start."""

import numpy as np
import pytest
from tiny_book import account, override, owned, rep, tables

from optimization.book.budgets import build_budgets, least_use

REPS = [rep("R1"), rep("R2"), rep("R3")]
BOOK = tables(
    [
        owned("A1", "R1", actual_sales_usd=100.0, tenure_months=10.0),
        owned("A2", "R2", actual_sales_usd=300.0, tenure_months=None),
        owned("A3", "R2", actual_sales_usd=0.0, tenure_months=30.0),
        account("A4", actual_sales_usd=999.0),
    ],
    REPS,
)
BUDGETS = {
    "move_budgets": [
        {"measure": "accounts", "limit": 1},
        {"measure": "sales", "limit_pct": 25},
        {"measure": "tenure_months", "limit_pct": 100},
    ]
}


def test_a_unit_is_a_tenth_of_a_mean_territory_of_what_has_an_incumbent() -> None:
    problem = BOOK.planned(BUDGETS).problem
    assert problem.budgets == ("accounts", "sales", "tenure_months")
    # Three reps: the whole is 30 units. A1 is a third of the accounts, a quarter of the rest.
    assert problem.budget_limit.tolist() == pytest.approx([10.0, 7.5, 30.0])
    everyone_moves = problem.evaluate(np.array([1, 2, 2, 0]))
    assert everyone_moves.budget_use.tolist() == pytest.approx([30.0, 30.0, 30.0])
    one_moves = problem.evaluate(np.array([1, 1, 1, 2]))
    assert one_moves.budget_use.tolist() == pytest.approx([10.0, 7.5, 7.5])
    nobody_moves = problem.evaluate(np.array([0, 1, 1, 0]))
    assert nobody_moves.budget_use.tolist() == [0.0, 0.0, 0.0]


def test_scale_turns_units_into_amounts() -> None:
    planning = BOOK.planned(BUDGETS)
    budgets = build_budgets(planning.accounts, planning.policy, len(REPS))
    assert budgets.whole.tolist() == [3.0, 400.0, 40.0]
    assert (budgets.weight.sum(axis=0) * budgets.scale).tolist() == pytest.approx([3, 400, 40])
    assert (budgets.limit * budgets.scale).tolist() == pytest.approx([1.0, 100.0, 40.0])
    assert (budgets.limit * budgets.share).tolist() == pytest.approx([1 / 3, 0.25, 1.0])


def test_bands_of_one_territory_give_way_before_a_budget() -> None:
    """Four metrics of R1 far below, and only a move beyond the budget could mend them."""
    amounts = {"service_hours": 10.0, "potential_usd": 10.0, "actual_sales_usd": 10.0}
    owners = ["R1"] * 2 + ["R2"] * 10
    accounts = [owned(f"A{i:02}", rep_id, **amounts) for i, rep_id in enumerate(owners)]
    names = ("hours", "potential", "sales", "account_count")
    policy = {
        "metrics": [{"metric": name, "tolerance_pct": 5} for name in names],
        "move_budgets": [{"measure": "sales", "limit_pct": 0}],
    }
    problem = tables(accounts, REPS[:2]).planned(policy).problem
    kept = problem.evaluate(np.array([0] * 2 + [1] * 10))
    moved = problem.evaluate(np.array([0] * 3 + [1] * 9))
    assert kept.excess_budget.sum() == 0
    assert moved.excess_above.sum() < kept.excess_above.sum()
    assert kept.relaxation < moved.relaxation


def test_locked_accounts_are_part_of_the_whole_and_use_nothing() -> None:
    planning = BOOK.planned(BUDGETS | {"locks": [{"name": "all"}]})
    assert planning.problem.budget_limit[0] == pytest.approx(30 / 3)
    assert planning.problem.evaluate(np.array([0, 1, 1, 2])).budget_use.sum() == 0.0


def test_a_book_without_owners_moves_nothing() -> None:
    planning = tables([account("A1"), account("A2")], REPS).planned(BUDGETS)
    use = planning.problem.evaluate(np.array([0, 1])).budget_use
    assert use.tolist() == [0.0, 0.0, 0.0]
    assert np.isfinite(planning.problem.budget_limit).all()


def test_what_every_plan_moves_is_a_clash_beyond_the_budget() -> None:
    book = tables(
        [
            owned("A1", "R1", actual_sales_usd=100.0),
            owned("A2", "R2", actual_sales_usd=300.0, family_id="A1"),
            owned("A3", "R2", actual_sales_usd=600.0),
        ],
        REPS,
        [override("A3", "assign", "R1")],
    )
    policy = {"move_budgets": [{"measure": "sales", "limit_pct": 50}]}
    planning = book.planned(policy)
    # The family keeps 300 of 400 at best, and A3 moves by order.
    weight = planning.pairs.inputs.move_weight
    assert least_use(planning.accounts, planning.units, weight).tolist() == pytest.approx([21.0])
    assert any(
        text.startswith("move budget of sales: every plan moves at least 700 USD (70.0%)")
        for text in planning.clashes
    )


def test_every_plan_moves_at_least_what_is_said() -> None:
    planning = tables(
        [
            owned("A1", "R1", family_id="F", actual_sales_usd=5.0),
            owned("A2", "R2", family_id="F", actual_sales_usd=3.0),
            owned("A3", "R3", family_id="F", actual_sales_usd=4.0),
            owned("A4", "R1", actual_sales_usd=2.0),
        ],
        REPS,
        [override("F", "forbid", "R1"), override("A1", "forbid", "R1")],
    ).planned(BUDGETS)
    least = least_use(planning.accounts, planning.units, planning.pairs.inputs.move_weight)
    uses = np.array(
        [
            planning.problem.evaluate(np.array([a, b])).budget_use
            for a in planning.units.allowed_reps(0)
            for b in planning.units.allowed_reps(1)
        ]
    )
    assert least.tolist() == pytest.approx(uses.min(axis=0).tolist())


def test_a_unit_may_stay_unassigned_only_if_all_its_accounts_may() -> None:
    planning = tables(
        [
            account("A1", segment="small"),
            account("A2", segment="small", family_id="A1"),
            account("A3", segment="small"),
            account("A4", segment="big", family_id="A3"),
            account("A5", segment="mid"),
            owned("A6", "R1", segment="small"),
        ],
        REPS,
    ).planned(
        {
            "unassigned": [
                {"name": "small", "accounts": {"segment": ["small"]}, "price_usd": 200},
                {"name": "rest", "accounts": {"segment": ["small", "mid"]}, "price_usd": 900},
            ],
            "locks": [{"name": "owned", "accounts": {"account_id": ["A6"]}}],
        }
    )
    units = planning.units
    assert units.ids == ["A1", "A3", "A5", "A6"]
    # The first tier that matches counts; a held unit keeps its owner.
    assert units.nobody_usd.tolist() == [400.0, np.inf, 900.0, np.inf]
    assert units.tier_of_account.tolist() == [0, 0, 0, -1, 1, 0]
    nobody = planning.problem.pairs.at(np.array([0]), np.array([3]))
    assert nobody.cost.tolist() == [400.0]
    assert nobody.load.sum() == 0.0


def test_the_incumbent_of_a_unit_owns_most_of_it_and_may_keep_it() -> None:
    planning = tables(
        [
            owned("A1", "R1", family_id="F1", actual_sales_usd=10.0),
            owned("A2", "R2", family_id="F1", actual_sales_usd=30.0),
            owned("B1", "R3", family_id="F2"),
            owned("B2", "R2", family_id="F2"),
            owned("B3", "R3", family_id="F2"),
            owned("C1", "R3", family_id="F3"),
            owned("C2", "R2", family_id="F3"),
            account("D1"),
            owned("E1", "R1"),
        ],
        REPS,
        [override("E1", "assign", "R2")],
    ).planned()
    assert planning.units.ids == ["D1", "E1", "F1", "F2", "F3"]
    assert planning.problem.incumbent is not None
    assert planning.problem.incumbent.tolist() == [-1, -1, 1, 2, 1]


def test_an_incumbent_who_may_not_keep_a_unit_is_none() -> None:
    planning = tables([owned("A1", "R1")], REPS, [override("A1", "forbid", "R1")]).planned()
    assert planning.problem.incumbent is not None
    assert planning.problem.incumbent.tolist() == [-1]

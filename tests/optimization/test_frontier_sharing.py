"""What variations of one policy know of each other: room, plans and bounds."""

from dataclasses import replace

import numpy as np
import pytest

from optimization import Policy
from optimization.engine.answer import Answer
from optimization.engine.problem import Prices
from optimization.frontier.points import Variation
from optimization.frontier.solving import (
    Book,
    Found,
    Room,
    is_inside,
    settled_answer,
    share,
    start_for,
)
from tests.book.tiny_book import owned, rep, tables

POLICY = Policy.model_validate(
    {
        "metrics": [{"metric": "hours", "tolerance_pct": 10}],
        "move_budgets": [{"measure": "sales", "limit_pct": 50}],
    }
)
TIGHT, OWN, WIDE = Variation("fairness", 0.5), Variation(), Variation("fairness", 4.0)
FEW = Variation("stability", move_limit=1)


@pytest.fixture(scope="module")
def book() -> Book:
    """Six accounts of two reps, of equal hours: three each keep any band, others do not."""
    made = tables(
        [owned(f"A{n}", f"R{n % 2 + 1}", latitude=39.1 + n / 10) for n in range(6)],
        [rep("R1"), rep("R2", latitude=39.6)],
    )
    return Book(made.accounts, made.reps, made.overrides, POLICY, None, None)


def found(book: Book, variation: Variation, owner: list[int], bound: float) -> Found:
    """A plan as the engine would return it, in no room."""
    planning = book.planning(variation)
    problem, owners = planning.problem, np.array(owner)
    plan = problem.evaluate(owners)
    prices = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    answer = Answer(owners, plan.objective, bound, prices, plan.relaxation, 0.0, "work_limit", True)
    return Found(variation, planning, problem, answer, [])


def test_wider_bands_hold_tighter_ones_and_not_the_other_way(book: Book) -> None:
    tight, own, wide, few = (book.planning(one).problem for one in (TIGHT, OWN, WIDE, FEW))
    assert is_inside(tight, own)
    assert is_inside(own, wide)
    assert is_inside(few, own)
    assert not is_inside(wide, own)
    assert not is_inside(own, few)
    assert not is_inside(few, tight)


def test_each_has_the_cheapest_plan_it_allows_and_the_highest_bound_that_holds(book: Book) -> None:
    today, cheap = [0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1]
    problem = book.planning(OWN).problem
    cost = {tuple(one): problem.evaluate(np.array(one)).objective for one in (today, cheap)}
    dear, less = sorted((today, cheap), key=lambda one: -cost[tuple(one)])
    tight, own, wide = share(
        [
            found(book, TIGHT, dear, bound=1.0),
            found(book, OWN, dear, bound=3.0),
            found(book, WIDE, less, bound=2.0),
        ]
    )
    # The plan of the widest keeps the tightest bands; bounds go from wider to tighter only.
    assert [one.answer.owner.tolist() for one in (tight, own, wide)] == [less] * 3
    assert [one.answer.bound for one in (tight, own, wide)] == [3.0, 3.0, 2.0]


def test_a_plan_that_breaks_limits_is_given_to_nobody_who_has_them(book: Book) -> None:
    uneven, even = [0, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 1]
    wide = found(book, WIDE, uneven, bound=0.0)
    own = found(book, OWN, even, bound=0.0)
    assert not own.problem.evaluate(wide.answer.owner).is_feasible
    assert share([own, wide])[0].answer.owner.tolist() == even


def test_room_is_what_the_policys_plan_needs_and_limits_on_moves_stay(book: Book) -> None:
    planning = book.planning(OWN)
    uneven = np.array([0, 0, 0, 0, 0, 1])
    room = Room.of(planning.problem, uneven)
    assert not room.is_empty
    assert Room.of(planning.problem, np.array([0, 1, 0, 1, 0, 1])).is_empty
    for variation in (TIGHT, OWN, WIDE):
        within = room.given_to(book.planning(variation).problem, variation)
        plan = within.evaluate(uneven)
        assert (plan.excess_above.sum(), plan.excess_below.sum()) == (0, 0)
    few = room.given_to(book.planning(FEW).problem, FEW)
    assert few.budget_limit[-1] == book.planning(FEW).problem.budget_limit[-1]


def test_what_gave_way_in_the_room_is_no_proved_optimum(book: Book) -> None:
    uneven = np.array([0, 0, 0, 0, 0, 1])
    room = Room.of(book.planning(OWN).problem, uneven)
    one = found(book, Variation("fairness", 1.5), uneven.tolist(), bound=0.0)
    within = room.given_to(one.problem, one.variation)
    proved = replace(one.answer, bound=one.answer.objective, relaxation=0.0, status="optimal")
    answer = settled_answer(replace(one, problem=within, answer=proved))
    assert answer.status == "work_limit"
    assert answer.relaxation > 0
    kept = found(book, WIDE, [0, 1, 0, 1, 0, 1], bound=0.0)
    kept = replace(kept, answer=replace(kept.answer, bound=kept.answer.objective))
    assert settled_answer(kept).status == "optimal"


def test_a_start_has_the_best_plans_first_and_the_neighbours_prices(book: Book) -> None:
    even, uneven = [0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 0, 1]
    known = [found(book, WIDE, uneven, 0.0), found(book, OWN, even, 0.0), found(book, OWN, even, 0)]
    start = start_for(FEW, book.planning(FEW).problem, known)
    assert [owner.tolist() for owner in start.owners] == [even, uneven]
    assert start.prices.budget.shape == (2,)

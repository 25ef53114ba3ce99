"""The small tier under a clock, an interrupt or a work limit: the best plan so far, or none."""

import itertools

import numpy as np
import pytest

from optimization.engine.answer import NoPlanYet
from optimization.engine.dense import DensePairs
from optimization.engine.exact import solve_exactly
from optimization.engine.formulation import build_model
from optimization.engine.model import solve_model
from optimization.engine.problem import Effort, Limits, Problem
from optimization.engine.watch import Watch
from optimization.errors import SolverError


def hard_problem(units: int = 120, reps: int = 10, node_limit: int = 1_000_000) -> Problem:
    """Cost and load opposed and tight capacities: HiGHS needs minutes for the proof."""
    rng = np.random.default_rng(3)
    load = rng.integers(10, 90, (units, reps)).astype(float)
    cost = 1_000 / load + 5 * rng.random((units, reps))
    capacity = 0.8 * load.sum(axis=0) / reps
    limits = Limits.none(reps, 1)
    limits.upper[:] = 1.0
    return Problem(
        DensePairs.of(cost, (load / capacity)[:, :, None]),
        limits,
        ("capacity",),
        effort=Effort(rel_gap=0.0, node_limit=node_limit),
    )


def after(calls: int) -> Watch:
    """A watch that says stop when it is asked for the n-th time."""
    count = itertools.count(1)
    return Watch(is_interrupted=lambda: next(count) >= calls)


def test_interrupt_returns_the_best_plan_with_its_bound() -> None:
    problem = hard_problem()
    seen: list[float] = []
    watch = Watch(is_interrupted=lambda: len(seen) >= 2)

    def tell(stage: str, bound: float | None, cost: float | None) -> None:
        if cost is not None:
            seen.append(cost)

    answer = solve_exactly(problem, watch, tell=tell)
    assert answer.status == "interrupted"
    assert watch.has_struck
    assert problem.evaluate(answer.owner).is_feasible
    assert problem.evaluate(answer.owner).objective == answer.objective
    assert answer.bound < answer.objective <= min(seen) + 1e-6


def test_interrupt_before_the_first_plan_says_so() -> None:
    with pytest.raises(NoPlanYet):
        solve_exactly(hard_problem(), Watch(is_interrupted=lambda: True))


def test_interrupt_keeps_the_start_plan_and_claims_nothing() -> None:
    problem = hard_problem()
    start = np.zeros(120, dtype=np.int64)
    answer = solve_exactly(problem, Watch(is_interrupted=lambda: True), start=start)
    assert (answer.owner == start).all()
    assert answer.relaxation > 5
    assert answer.least_relaxation_bound == 0
    assert answer.status == "interrupted"


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 8, 13, 40, 100])
def test_whenever_it_stops_the_bound_holds(calls: int) -> None:
    problem = hard_problem(30, 4)
    best = solve_exactly(problem, Watch())
    assert best.status == "optimal"
    try:
        answer = solve_exactly(problem, after(calls))
    except NoPlanYet:
        return
    assert answer.bound <= best.objective + 1e-6
    if answer.relaxation == 0:
        assert answer.objective >= best.objective - 1e-6
        assert answer.status in ("interrupted", "optimal")


def test_clock_stops_the_proof() -> None:
    watch = Watch(seconds=1.0)
    answer = solve_exactly(hard_problem(), watch)
    assert answer.status == "time_limit"
    assert watch.has_struck
    assert watch.elapsed < 5


def test_node_limit_is_a_work_limit_and_repeatable() -> None:
    problem = hard_problem(40, 5, node_limit=3)
    watches = Watch(), Watch()
    first, second = (solve_exactly(problem, watch) for watch in watches)
    assert first.status == "work_limit"
    assert (first.owner == second.owner).all()
    assert (first.objective, first.bound) == (second.objective, second.bound)
    assert not any(watch.has_struck for watch in watches)


def test_start_plan_is_never_lost() -> None:
    problem = hard_problem(40, 5)
    best = solve_exactly(problem.with_effort(node_limit=3), Watch())
    answer = solve_model(
        problem, problem.pairs.all_arcs(), start=best.owner, node_limit=0, rel_gap=0.5
    )
    assert answer.owner is not None
    assert problem.evaluate(answer.owner).objective <= best.objective + 1e-9


def test_two_rivals_and_one_rep_clash_once_and_nothing_more() -> None:
    limits = Limits.none(1, 0)
    pairs = DensePairs.of(np.ones((3, 1)), np.zeros((3, 1, 0)))
    problem = Problem(pairs, limits, (), separate=(np.array([0, 2]),))
    answer = solve_exactly(problem, Watch())
    assert problem.evaluate(answer.owner).clashes == 1
    assert answer.objective == pytest.approx(3)


def test_unit_without_any_pair_is_refused() -> None:
    pairs = DensePairs.of(np.ones((2, 1)), np.zeros((2, 1, 0)), allowed=np.array([[True], [False]]))
    with pytest.raises(SolverError, match="no allowed pair"):
        solve_exactly(Problem(pairs, Limits.none(1, 0), ()), Watch())


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e12])
def test_numbers_that_the_solver_would_misread_are_refused(wrong: float) -> None:
    problem = hard_problem(3, 2)
    assert isinstance(problem.pairs, DensePairs)
    problem.pairs.load[1, 1, 0] = wrong
    with pytest.raises(SolverError, match="load"):
        solve_model(problem, problem.pairs.all_arcs())


def test_rows_are_named_by_resource_and_rep() -> None:
    model = build_model(hard_problem(3, 2), hard_problem(3, 2).pairs.all_arcs())
    assert [row.name for row in model.upper.values()] == ["upper[capacity,0]", "upper[capacity,1]"]
    assert len(list(model.lower)) == 0

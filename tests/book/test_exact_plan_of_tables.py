"""Exactness from tables to plan: the small tier against every plan of a tiny company.

All features of a policy are mixed; the truth is worked out from the tables, not from the problem.
"""

from typing import Any

import pytest
from every_company_plan import every_company_plan
from hypothesis import HealthCheck, assume, given, settings
from tiny_book import Tables
from tiny_companies import tiny_companies

from optimization.engine.exact import solve_exactly
from optimization.engine.watch import Watch
from optimization.errors import PlanInputError
from optimization.policy import Policy

# A limit missed by less than a millionth counts as kept: room for a few such misses.
ROOM = 1e-5


@settings(
    max_examples=700,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(tiny_companies())
def test_verdict_relaxation_and_optimum_agree(case: tuple[Tables, dict[str, Any]]) -> None:
    company, policy = case
    try:
        planning = company.planned(policy)
    except PlanInputError:
        assume(False)
    truth = every_company_plan(company, Policy.model_validate(policy), planning)
    answer = solve_exactly(planning.problem, Watch())
    assert answer.status == "optimal"

    reps = [*planning.reps.ids, None]
    unit_of = planning.units.of_account
    names = enumerate(planning.accounts.ids)
    row = truth.row({name: reps[answer.owner[unit_of[i]]] for i, name in names})
    assert answer.objective == pytest.approx(truth.cost[row], abs=0.01)
    assert answer.relaxation == pytest.approx(truth.relaxation[row], abs=ROOM)

    apart = truth.clashes == truth.clashes.min()
    assert apart[row]
    least = truth.relaxation[apart].min()
    rules = Policy.model_validate(policy)
    spare = rules.solver.relaxation_slack_points / 100 if least > 0 else 0.0
    assert truth.relaxation[row] <= least + spare + ROOM
    assert answer.least_relaxation_bound <= least + ROOM
    surely, perhaps = truth.cheapest(rules, ROOM)
    room = 0.01 + 2e-6 * surely
    assert perhaps - room <= truth.cost[row] <= surely + room
    assert perhaps - room <= answer.bound <= surely + room

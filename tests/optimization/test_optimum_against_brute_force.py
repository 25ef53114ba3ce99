"""The planner against every plan there is, on books small enough to try them all.

A band missed by less than 1e-6 of its target counts as kept, so two answers are computed: over the
plans surely inside (misses below 1e-9) and over those possibly inside (below 2e-6). The planner's
must lie between the two; they differ only when a load sits exactly on a limit.
"""

from unittest import mock

import pytest
from every_plan import EveryPlan, every_plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_book import account, book, frames, override, rep
from synthetic import Book

from optimization import Infeasible, Policy, plan_territories, solve, verify_plan

SURELY, POSSIBLY = 1e-9, 2e-6
CENTS = 0.06  # six published amounts, rounded to cents each
GAP_PCT = 0.001
PLACES = [(39.1, -94.6), (41.9, -87.6), (40.7, -74.0), (None, None)]


@st.composite
def tiny_books(draw: st.DrawFn) -> tuple[Book, Policy]:
    """Up to 7 units and 3 reps with everything that can decide who may own what."""
    rep_ids = [f"R{j}" for j in range(draw(st.sampled_from([3, 3, 2, 1])))]
    reps = [
        rep(
            rep_id,
            region=draw(st.sampled_from(["north", "south"])),
            latitude=place[0],
            longitude=place[1],
            experience_multiplier=draw(st.sampled_from([1.0, 1.5])),
            capacity_hours=draw(st.sampled_from([400.0, 800.0, 800.0, 0.0])),
            skill_industries=draw(st.sampled_from(["", "retail", "retail|health"])),
        )
        for rep_id in rep_ids
        for place in [draw(st.sampled_from(PLACES))]
    ]
    accounts, overrides = [], []
    # A giant now and then: one account in about ten is twenty times the size of the others.
    size = st.sampled_from([1, 2, 2, 3, 3, 4, 5, 6, 60])
    for u in range(draw(st.sampled_from([6, 5, 7, 4, 2, 1]))):
        family = f"A{u}0"
        for member in range(draw(st.sampled_from([1, 1, 1, 2]))):
            place = draw(st.sampled_from(PLACES))
            owner = draw(st.sampled_from([None, "R9", *rep_ids]))
            accounts.append(
                account(
                    f"A{u}{member}",
                    family_id=family,
                    segment=draw(st.sampled_from(["mid"] * 5 + ["public"])),
                    industry=draw(st.sampled_from(["retail", "health"])),
                    latitude=place[0],
                    longitude=place[1],
                    owner_rep_id=owner,
                    incumbent_rep_id=owner if owner in rep_ids else None,
                    service_hours=40.0 * draw(size),
                    visits_per_year=float(draw(st.integers(0, 12))),
                    potential_usd=10_000.0 * draw(size),
                    actual_sales_usd=1_000.0 * draw(st.integers(0, 20)),
                    complexity_score=draw(st.sampled_from([0.8, 1.6])),
                )
            )
        action = draw(st.sampled_from([None] * 6 + ["lock", "assign", "forbid"]))
        if action:
            rep_id = None if action == "lock" else draw(st.sampled_from(rep_ids))
            overrides.append(override(family, action, rep_id))
    tolerance = draw(st.sampled_from([5.0, 20.0, 50.0, 80.0]))
    band = {"tolerance_pct": tolerance}
    if draw(st.booleans()):
        band |= {"soft_tolerance_pct": tolerance / 4, "soft_price_usd_per_pct": 30.0}
    metrics = draw(
        st.sampled_from([["hours"], ["hours", "potential"], ["sales"], ["account_count"], []])
    )
    rule = draw(
        st.sampled_from(
            [
                None,
                {
                    "name": "south",
                    "accounts": {"segment": ["public"]},
                    "reps": {"region": ["south"]},
                },
                {"name": "skill", "accounts": {"segment": ["public"]}, "same": ["industry_skill"]},
            ]
        )
    )
    policy = Policy.model_validate(
        {
            "metrics": [{"metric": metric, **band} for metric in metrics],
            "eligibility": [rule] if rule else [],
            "keep_families_together": True,
            "solver": {"rel_gap_pct": GAP_PCT, "node_limit": 10_000},
        }
    )
    return book(accounts, reps, overrides), policy


def cases(count: int) -> settings:
    """Repeatable cases of about 50 ms each."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def stopping(policy: Policy) -> Policy:
    return policy.model_copy(update={"on_infeasible": "stop"})


def optimum(truth: EveryPlan, miss: float) -> float:
    return float(truth.cost[truth.worst <= miss].min())


@cases(260)
@given(tiny_books())
def test_plan_is_the_cheapest_of_all(case: tuple[Book, Policy]) -> None:
    tables, policy = case
    arguments = (tables.accounts, tables.reps, tables.overrides)
    truth = every_plan(tables, policy)
    nobody = [unit for unit, reps in zip(truth.unit_ids, truth.allowed, strict=True) if not reps]
    if nobody:
        with pytest.raises(Infeasible, match=nobody[0]):
            plan_territories(*arguments, stopping(policy))
        return
    plan = plan_territories(*arguments, policy)
    assert verify_plan(*arguments, policy, frames(plan)) == []
    cost, bound = plan.summary["objective_usd"][0], plan.summary["bound_usd"][0]
    widened = plan.targets["relaxation_pct"].sum() / 100
    if (truth.worst <= SURELY).any():
        assert widened == 0
        dearest, cheapest = optimum(truth, SURELY), optimum(truth, POSSIBLY)
    else:
        # Misses up to the tolerance of a limit are not counted, hence the room on both sides.
        assert widened == pytest.approx(truth.relaxation.min(), abs=1e-5)
        dearest = float(truth.cost[truth.relaxation <= widened - 1e-5].min(initial=float("inf")))
        cheapest = float(truth.cost[truth.relaxation <= widened + 2e-5].min())
    if not (truth.worst <= POSSIBLY).any():
        assert widened > 0
        with pytest.raises(Infeasible, match="No plan satisfies the policy"):
            plan_territories(*arguments, stopping(policy))
    assert cheapest - CENTS <= cost <= dearest / (1 - GAP_PCT / 100) + CENTS
    assert bound <= dearest + CENTS
    assert plan.summary["optimality_gap_pct"][0] <= GAP_PCT + 100 * CENTS / max(cost, 1.0)


@cases(100)
@given(tiny_books())
def test_bound_of_the_large_route_never_exceeds_the_optimum(case: tuple[Book, Policy]) -> None:
    """Large books are branched on by parts; forced onto tiny ones, its bound must still hold."""
    tables, policy = case
    arguments = (tables.accounts, tables.reps, tables.overrides)
    truth = every_plan(tables, policy)
    if not all(truth.allowed):
        return
    with mock.patch.object(solve, "WHOLE_MODEL_PAIRS", -1):
        plan = plan_territories(*arguments, policy)
    assert verify_plan(*arguments, policy, frames(plan)) == []
    widened = plan.targets["relaxation_pct"].sum() / 100
    assert widened >= truth.relaxation.min() - 1e-5
    cheapest = float(truth.cost[truth.relaxation <= widened + 2e-5].min())
    assert plan.summary["bound_usd"][0] <= cheapest + CENTS
    assert plan.summary["objective_usd"][0] >= cheapest - CENTS

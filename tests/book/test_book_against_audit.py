"""The planner and the verifier read tables and policy independently; they must read the same."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_book import account, override, rep, tables

from optimization import PlanInputError
from optimization.audit.eligibility import read_eligibility
from optimization.audit.goals import read_goals
from optimization.audit.ledger import Ledger
from optimization.audit.ownership import read_ownership
from optimization.policy import Policy

DAY = date(2026, 6, 30)
REPS, ACCOUNTS = 4, 12
IDS = [f"A{i:02d}" for i in range(ACCOUNTS)]
REP_IDS = [f"R{j}" for j in range(REPS)]

account_rows = st.fixed_dictionaries(
    {
        "segment": st.sampled_from(["small", "mid", "big"]),
        "industry": st.sampled_from(["retail", "health", None]),
        "country": st.sampled_from(["US", "DE", None]),
        "family_id": st.sampled_from(["A00", "A03", None]),
        "incumbent_rep_id": st.sampled_from([*REP_IDS, "GONE", None]),
        "service_hours": st.sampled_from([0.0, 5.0, 40.0, 900.0]),
        "potential_usd": st.sampled_from([None, 10.0, 70.0, 30_000.0]),
        "actual_sales_usd": st.sampled_from([None, 0.0, 3.0, 50.0]),
        "tenure_months": st.sampled_from([None, 2.0, 50.0]),
        "days_to_renewal": st.sampled_from([None, -3, 10, 200]),
        "is_strategic": st.sampled_from([None, True, False]),
    }
)
rep_rows = st.fixed_dictionaries(
    {
        "country": st.sampled_from(["US", "DE", None]),
        "region": st.sampled_from(["n", "s"]),
        "skill_industries": st.sampled_from(["", "retail", "health|retail"]),
        "capacity_hours": st.sampled_from([0.0, 400.0, 1_500.0]),
        "ramp_share": st.sampled_from([None, 0.0, 0.5]),
    }
)
override_rows = st.one_of(
    st.tuples(st.sampled_from(IDS), st.just("lock"), st.none(), st.none()),
    st.tuples(
        st.sampled_from(IDS),
        st.sampled_from(["assign", "forbid"]),
        st.sampled_from(REP_IDS),
        st.none(),
    ),
    st.tuples(st.sampled_from(IDS), st.just("together"), st.none(), st.sampled_from("gh")),
)
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "metrics": [
        {"metric": "hours", "tolerance_pct": 5},
        {"metric": "sales", "targets": "equal", "fixed_targets": {"R1": 30, "R9": 1}},
        {"metric": "potential", "tolerance_pct": 40, "fixed_targets": {"R0": 500, "R2": 20}},
        {"name": "big", "metric": "account_count", "accounts": {"segment": ["big"]}},
        {"name": "us", "metric": "hours", "accounts": {"country": ["US"]}, "tolerance_pct": 15},
    ],
    "eligibility": [
        {"name": "country", "same": ["country"]},
        {"name": "skill", "accounts": {"segment": ["big", "mid"]}, "same": ["industry_skill"]},
        {"name": "south", "accounts": {"industry": ["health"]}, "reps": {"region": ["s"]}},
    ],
    "locks": [
        {"name": "renewal", "renewal_within_days": 90},
        {"name": "young", "tenure_months_below": 6, "accounts": {"segment": ["mid"]}},
        {"name": "over", "expires_on": date(2026, 6, 29)},
        {"name": "strategic", "strategic": True, "expires_on": DAY},
    ],
    "unassigned": [
        {"name": "small", "accounts": {"segment": ["small"]}, "price_usd": 3},
        {"name": "rest", "accounts": {"segment": ["small", "mid"]}, "price_usd": 9},
    ],
    "keep_together": [{"name": "t", "account_ids": ["A01", "A02", "GONE"]}],
}
policies = st.fixed_dictionaries(
    {block: st.lists(st.sampled_from(rules), unique_by=str) for block, rules in BLOCKS.items()}
    | {"keep_families_together": st.booleans()}
)


# Fixed targets hold more than there is, and the cap of a family grows faster than what it leaves.
SPENT: dict[str, Any] = {
    "accounts": [
        {"family_id": "A00", "service_hours": 0.0, "potential_usd": usd, "incumbent_rep_id": "R0"}
        for usd in [600.0] + [0.0] * (ACCOUNTS - 1)
    ],
    "reps": [{"capacity_hours": 400.0}] * REPS,
    "rows": [("A00", "forbid", "R0", None)],
    "policy": {block: [] for block in BLOCKS}
    | {"metrics": [BLOCKS["metrics"][2]], "keep_families_together": True},
}


@settings(max_examples=60, deadline=None)
@example(**SPENT)
@given(
    st.lists(account_rows, min_size=ACCOUNTS, max_size=ACCOUNTS),
    st.lists(rep_rows, min_size=REPS, max_size=REPS),
    st.lists(override_rows, max_size=5),
    policies,
)
def test_units_reps_holds_and_targets_agree(
    accounts: list[dict[str, Any]],
    reps: list[dict[str, Any]],
    rows: list[tuple[Any, ...]],
    policy: dict[str, Any],
) -> None:
    book = tables(
        [account(one, **columns) for one, columns in zip(IDS, accounts, strict=True)],
        [rep(one, **columns) for one, columns in zip(REP_IDS, reps, strict=True)],
        [override(*row) for row in rows],
    )
    try:
        planning = book.planned(policy, as_of=DAY)
    except PlanInputError:
        return  # Overrides that contradict each other never reach the verifier.
    units = planning.units
    ledger = Ledger.read(
        book.accounts, book.reps, book.overrides, Policy.model_validate(policy), DAY, None
    )
    ownership = read_ownership(ledger)
    rules = read_eligibility(ledger, ownership)
    # Both number units in their own order; the first account of a unit tells which is which.
    same = ownership.unit[units.member[units.member_first[:-1]]]
    assert np.array_equal(same[units.of_account], ownership.unit)
    assert np.array_equal(units.fixed, ownership.holder[same])
    assert np.array_equal(np.isfinite(units.nobody_usd), ownership.may_stay[same])
    for u in range(len(units)):
        every = np.arange(REPS)
        allowed = rules.is_allowed(np.full(REPS, same[u]), every)
        assert np.array_equal(units.allowed_reps(u), every[allowed])
    goals = read_goals(ledger, ownership, rules)
    assert planning.targets.names == tuple(goal.name for goal in goals)
    for k, goal in enumerate(goals):
        assert planning.targets.target[:, k].tolist() == pytest.approx(
            goal.target.tolist(), abs=1e-9
        )
        # The verifier finds a total of nothing by bisection: 1e-60 instead of 0.
        real = goal.target > 1e-9
        scale = planning.targets.scale[real, k]
        assert scale.tolist() == pytest.approx(goal.scale[real].tolist())
        # Where fixed targets exceed all there is, the other reps' targets are 0 and no size counts.
        reach = np.array(
            [goal.target[units.allowed_reps(u)].max(initial=0.0) for u in range(len(units))]
        )
        counts = (reach > 1e-9)[units.of_account]
        giant = planning.targets.giant[units.of_account, k]
        assert np.array_equal(giant[counts], goal.is_giant[counts])

"""Targets: how totals are split, tiers, fixed targets, components and giants."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiny_book import account, override, owned, rep, rules_of, tables

from optimization.book.planning import Planning

REPS = [rep("R1"), rep("R2", capacity_hours=3_000.0), rep("R3", fte_share=0.5)]


def target(planning: Planning, metric: str) -> list[float]:
    column = planning.targets.target[:, planning.targets.names.index(metric)]
    return [round(float(value), 6) for value in column]


def test_each_measure_is_split_by_its_weight() -> None:
    accounts = [account(f"A{i}", service_hours=100.0, actual_sales_usd=50.0) for i in range(10)]
    planning = tables(accounts, REPS).planned(
        {
            "metrics": [
                {"metric": "hours"},
                {"metric": "sales", "targets": "equal"},
                {"metric": "account_count"},
            ]
        }
    )
    assert planning.targets.names == ("hours", "sales", "account_count", "potential")
    assert planning.targets.measures == ("hours", "sales", "account_count", "potential")
    assert planning.targets.bands[3] is None
    assert target(planning, "hours") == [200.0, 600.0, 200.0]
    assert target(planning, "sales") == [166.666667] * 3
    assert target(planning, "account_count") == [4.0, 4.0, 2.0]
    assert target(planning, "potential") == [2000.0, 6000.0, 2000.0]


def test_bands_lie_around_the_target_and_only_where_asked_for() -> None:
    planning = tables([account(f"A{i:02d}") for i in range(60)], REPS).planned(
        {"metrics": [{"metric": "hours", "tolerance_pct": 10}]}
    )
    targets = planning.targets
    assert targets.lower[:, 0].tolist() == pytest.approx([1080.0, 3240.0, 1080.0])
    assert targets.upper[:, 0].tolist() == pytest.approx([1320.0, 3960.0, 1320.0])
    assert np.isnan(targets.lower[:, 1:]).all()
    assert not targets.giant.any()


def test_a_tier_counts_its_accounts_only() -> None:
    accounts = [
        account("A1", segment="big", service_hours=300.0),
        account("A2", family_id="A1", segment="mid", service_hours=70.0),
        account("A3", segment="big", service_hours=200.0),
    ]
    planning = tables(accounts, [rep("R1"), rep("R2")]).planned(
        {
            "metrics": [
                {"name": "big_hours", "metric": "hours", "accounts": {"segment": ["big"]}},
                {"metric": "hours"},
            ]
        }
    )
    assert planning.targets.names[:2] == ("big_hours", "hours")
    assert planning.targets.load[:, :2].tolist() == [[300.0, 370.0], [200.0, 200.0]]


def test_a_rep_who_may_own_nothing_of_a_tier_has_no_target_of_it() -> None:
    accounts = [account(f"A{i}", segment="big" if i < 4 else "mid") for i in range(12)]
    planning = tables(accounts, [rep("R1", region="s"), rep("R2", region="s"), rep("R3")]).planned(
        {
            "metrics": [
                {"metric": "hours"},
                {"name": "big", "metric": "account_count", "accounts": {"segment": ["big"]}},
            ],
            "eligibility": [
                {"name": "e", "accounts": {"segment": ["big"]}, "reps": {"region": ["s"]}}
            ],
        }
    )
    assert target(planning, "big") == [2.0, 2.0, 0.0]
    assert planning.targets.component.tolist() == [0, 0, 0]
    assert planning.targets.metric_component[:, 1].tolist() == [0, 0, 1]
    assert planning.clashes == ()


def test_each_component_splits_its_own_total() -> None:
    accounts = [account(f"A{i}", country="DE" if i < 2 else "US") for i in range(8)]
    reps = [rep("R1", country="DE"), rep("R2", country="US"), rep("R3", country="US")]
    planning = tables(accounts, reps).planned(
        {"eligibility": [{"name": "c", "same": ["country"]}], "metrics": [{"metric": "hours"}]}
    )
    assert planning.targets.component.tolist() == [0, 1, 1]
    assert target(planning, "hours") == [200.0, 300.0, 300.0]


def test_an_assignment_across_components_joins_them() -> None:
    accounts = [account("A1", country="DE"), account("A2", country="US")]
    reps = [rep("R1", country="DE"), rep("R2", country="US")]
    policy = {"eligibility": [{"name": "c", "same": ["country"]}], "metrics": [{"metric": "hours"}]}
    apart = tables(accounts, reps).planned(policy)
    assert apart.targets.component.tolist() == [0, 1]
    joined = tables(accounts, reps, [override("A1", "assign", "R2")]).planned(policy)
    assert joined.targets.component.tolist() == [0, 0]


def test_fixed_targets_leave_the_rest_to_the_others() -> None:
    accounts = [account(f"A{i:02d}") for i in range(50)]
    planning = tables(accounts, [rep("R1"), rep("R2"), rep("R3", ramp_share=0.5)]).planned(
        {"metrics": [{"metric": "account_count", "fixed_targets": {"R1": 20}}]}
    )
    assert target(planning, "account_count") == [20.0, 20.0, 10.0]


def test_a_fixed_target_of_an_unknown_rep_is_a_finding() -> None:
    planning = tables([account("A1")], [rep("R1")]).planned(
        {"metrics": [{"metric": "hours", "fixed_targets": {"GONE": 20}}]}
    )
    assert rules_of(planning) == ["fixed_target_unknown_rep"]
    assert target(planning, "hours") == [100.0]


def test_targets_that_cannot_add_up_are_clashes() -> None:
    accounts = [account(f"A{i}") for i in range(10)]
    reps = [rep("R1"), rep("R2")]
    high = {"metrics": [{"metric": "account_count", "fixed_targets": {"R1": 40}}]}
    low = {"metrics": [{"metric": "account_count", "fixed_targets": {"R1": 1, "R2": 2}}]}
    asked = tables(accounts, reps).planned(high).clashes
    assert any("ask for at least 38 accounts, and there are 10" in text for text in asked)
    left = tables(accounts, reps).planned(low).clashes
    assert any("leave room for 3 accounts, and 10 need an owner" in text for text in left)


def test_a_giant_counts_as_one_upper_limit_and_the_others_are_refilled() -> None:
    accounts = [account("A0", service_hours=10_000.0)] + [
        account(f"A{i:02d}", service_hours=10.0) for i in range(1, 31)
    ]
    planning = tables(accounts, [rep("R1"), rep("R2"), rep("R3")]).planned(
        {"metrics": [{"metric": "hours", "tolerance_pct": 5}]}
    )
    # W = 300 + 1.05 W / 3
    assert target(planning, "hours") == [round(300 / 0.65 / 3, 6)] * 3
    assert planning.targets.giant[:, 0].tolist() == [True] + [False] * 30


def test_a_giant_of_one_rep_only_is_measured_by_that_rep() -> None:
    """Locked to a small rep it is a giant, with a choice of the large rep it is none."""
    accounts = [owned("A0", "R1", service_hours=300.0)] + [
        account(f"A{i:02d}", service_hours=10.0) for i in range(1, 91)
    ]
    reps = [rep("R1", capacity_hours=100.0), rep("R2", capacity_hours=900.0)]
    policy: dict[str, Any] = {"metrics": [{"metric": "hours"}]}
    assert not tables(accounts, reps).planned(policy).targets.giant[0, 0]
    locked = tables(accounts, reps).planned(policy | {"locks": [{"name": "all"}]})
    assert locked.targets.giant[0, 0]


def test_where_nearly_everybody_would_hold_a_giant_targets_stay() -> None:
    accounts = [account(f"A{i}", service_hours=1_000.0) for i in range(2)] + [account("A9")]
    planning = tables(accounts, [rep("R1"), rep("R2"), rep("R3")]).planned(
        {"metrics": [{"metric": "hours", "tolerance_pct": 5}]}
    )
    assert min(target(planning, "hours")) > 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=4, max_size=25),
    st.lists(st.integers(1, 20), min_size=2, max_size=4),
    st.dictionaries(st.integers(0, 3), st.integers(1, 120), max_size=2),
    st.sampled_from([0, 5, 30]),
)
def test_targets_are_a_fixed_point_of_their_definition(
    loads: list[int], capacities: list[int], fixed: dict[int, int], tolerance: int
) -> None:
    fixed = {j: amount for j, amount in fixed.items() if j < len(capacities)}
    assume(len(fixed) < len(capacities))
    planning = tables(
        [account(f"A{i:02d}", service_hours=float(h)) for i, h in enumerate(loads)],
        [rep(f"R{j}", capacity_hours=float(c)) for j, c in enumerate(capacities)],
    ).planned(
        {
            "metrics": [
                {
                    "metric": "hours",
                    "tolerance_pct": tolerance,
                    "fixed_targets": {f"R{j}": amount for j, amount in fixed.items()},
                }
            ]
        }
    )
    targets = planning.targets
    load, giant, goal = np.array(loads, float), targets.giant[:, 0], targets.target[:, 0]
    cap = (1 + tolerance / 100) * goal.max()
    counted = float(load[~giant].sum()) + cap * int(giant.sum())
    rest = max(counted - sum(fixed.values()), 0.0)
    weight = np.array([0 if j in fixed else c for j, c in enumerate(capacities)], float)
    share = weight / weight.sum()
    largest = float(share.max())
    stuck = 1 - (1 + tolerance / 100) * largest * (int(giant.sum()) + 1) < 0.02
    if not stuck:
        wanted = [fixed.get(j, share[j] * rest) for j in range(len(capacities))]
        assert goal.tolist() == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        assert (load[~giant] <= cap * (1 + 1e-6)).all()
    if not fixed:
        # Giants that joined early would still be giants now: targets only fall.
        assert (load[giant] > cap * (1 - 1e-9)).all()
    assert targets.target.shape == (len(capacities), 4)


def test_the_scale_of_a_target_of_zero_is_the_mean() -> None:
    planning = tables(
        [account(f"A{i}") for i in range(6)], [rep("R1"), rep("R2", capacity_hours=0.0), rep("R3")]
    ).planned({"metrics": [{"metric": "hours"}]})
    assert target(planning, "hours") == [300.0, 0.0, 300.0]
    assert planning.targets.scale[:, 0].tolist() == [300.0, 300.0, 300.0]
    # Nobody has sales: any positive scale does.
    assert planning.targets.scale[:, planning.targets.names.index("sales")].tolist() == [1.0] * 3

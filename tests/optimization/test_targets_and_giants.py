"""Targets, islands of reps that can meet, and accounts larger than any territory."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_book import account, book, override, rep

from optimization import Policy
from optimization.policy import METRICS
from optimization.problem import build_problem
from optimization.targets import Targets, components

HOURS, POTENTIAL = METRICS.index("hours"), METRICS.index("potential")


def targets(
    accounts: list[dict[str, Any]],
    reps: list[dict[str, Any]],
    overrides: list[dict[str, Any]] | None = None,
    **settings: Any,
) -> Targets:
    tables = book(accounts, reps, overrides)
    policy = Policy.model_validate(settings)
    return build_problem(tables.accounts, tables.reps, tables.overrides, policy).targets


class TestComponents:
    @pytest.mark.parametrize(
        ("eligible", "expected"),
        [
            ([[1, 1, 1]], [0, 0, 0]),
            ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 1, 2]),
            ([[1, 1, 0], [0, 0, 1]], [0, 0, 1]),
            ([[1, 0, 1], [0, 1, 0]], [0, 1, 0]),
            ([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], [0, 0, 0, 0]),
            ([[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 1]], [0, 1, 1, 0]),
        ],
    )
    def test_by_hand(self, eligible: list[list[int]], expected: list[int]) -> None:
        assert components(np.array(eligible, dtype=bool)).tolist() == expected

    def test_without_units_every_rep_is_alone(self) -> None:
        assert components(np.zeros((0, 3), dtype=bool)).tolist() == [0, 1, 2]

    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(
        st.integers(1, 6).flatmap(
            lambda reps: st.lists(
                st.lists(st.booleans(), min_size=reps, max_size=reps), min_size=1, max_size=7
            )
        )
    )
    def test_no_unit_joins_two_components_and_none_could_be_finer(
        self, rows: list[list[bool]]
    ) -> None:
        eligible = np.array(rows, dtype=bool)
        label = components(eligible)
        for row in eligible:
            assert len(set(label[row])) <= 1
        # Reachability by powers of "some unit may have both".
        meets = np.eye(eligible.shape[1], dtype=int) + eligible.T.astype(int) @ eligible
        reach = np.linalg.matrix_power(np.minimum(meets, 1), eligible.shape[1]) > 0
        assert np.array_equal(reach, label[:, None] == label[None, :])


class TestTargets:
    def test_follow_effective_capacity_and_fte_for_counts(self) -> None:
        """A senior at half time: effective 1,000 x 1.5 x 0.5 hours, but half a rep's count."""
        reps = [
            rep("R0"),
            rep("R1", capacity_hours=500.0, experience_multiplier=1.5, fte_share=0.5),
        ]
        found = targets([account(f"A{i}") for i in range(7)], reps)
        assert found.target[:, HOURS].tolist() == pytest.approx([400.0, 300.0])
        assert found.target[:, POTENTIAL].tolist() == pytest.approx([4_000.0, 3_000.0])
        count = METRICS.index("account_count")
        assert found.target[:, count].tolist() == pytest.approx([14 / 3, 7 / 3])

    def test_limits_stand_around_the_target_of_banded_metrics_only(self) -> None:
        band = [{"metric": "hours", "tolerance_pct": 10}]
        found = targets([account("A0"), account("A1")], [rep("R0"), rep("R1")], metrics=band)
        assert found.lower[:, HOURS].tolist() == pytest.approx([90.0, 90.0])
        assert found.upper[:, HOURS].tolist() == pytest.approx([110.0, 110.0])
        assert np.isnan(found.upper[:, POTENTIAL]).all()

    def test_islands_balance_among_themselves(self) -> None:
        """Three accounts only R0 and R1 may have, one only R2 may have."""
        rules = [
            {"name": "n", "accounts": {"segment": ["mid"]}, "reps": {"region": ["north"]}},
            {"name": "s", "accounts": {"segment": ["big"]}, "reps": {"region": ["south"]}},
        ]
        accounts = [account(f"A{i}") for i in range(3)] + [account("A3", segment="big")]
        reps = [rep("R0"), rep("R1"), rep("R2", region="south")]
        found = targets(accounts, reps, eligibility=rules, metrics=[])
        assert found.target[:, HOURS].tolist() == pytest.approx([150.0, 150.0, 100.0])

    def test_locks_do_not_make_islands(self) -> None:
        """What a lock holds could meet the others by the rules; targets stay the same."""
        accounts = [account(f"A{i}") for i in range(4)]
        held = [override(f"A{i}", "assign", f"R{i % 2}") for i in range(4)]
        found = targets(accounts, [rep("R0"), rep("R1")], held)
        assert found.component.tolist() == [0, 0]

    def test_a_team_without_capacity_shares_equally(self) -> None:
        none = {"capacity_hours": 0.0}
        found = targets([account("A0"), account("A1")], [rep("R0", **none), rep("R1", **none)])
        assert found.target[:, HOURS].tolist() == [100.0, 100.0]


class TestGiants:
    BAND = ({"metric": "potential", "tolerance_pct": 20},)

    def test_a_giant_counts_as_the_upper_limit(self) -> None:
        """W = 8,000 + 0.6 W, so W = 20,000 and each target is 10,000."""
        accounts = [account(f"A{i}") for i in range(8)]
        accounts.append(account("A8", potential_usd=40_000.0))
        found = targets(accounts, [rep("R0"), rep("R1")], metrics=list(self.BAND))
        assert found.giant[:, POTENTIAL].tolist() == [False] * 8 + [True]
        assert not found.giant[:, HOURS].any()
        assert found.target[:, POTENTIAL].tolist() == pytest.approx([10_000.0] * 2)

    def test_a_unit_that_just_fits_is_none(self) -> None:
        """6,000 of 10,000 is exactly the upper limit of 1.2 x 5,000."""
        accounts = [account(f"A{i}") for i in range(4)]
        accounts.append(account("A4", potential_usd=6_000.0))
        found = targets(accounts, [rep("R0"), rep("R1")], metrics=list(self.BAND))
        assert not found.giant.any()

    def test_a_lowered_target_makes_the_next_giant(self) -> None:
        """With 100,000 the 6,500 fits; counted at its cap, the limit falls below 6,500."""
        accounts = [account(f"A{i}") for i in range(4)]
        accounts += [
            account("A4", potential_usd=6_500.0),
            account("A5", potential_usd=100_000.0),
        ]
        found = targets(accounts, [rep(f"R{j}") for j in range(4)], metrics=list(self.BAND))
        assert found.giant[:, POTENTIAL].tolist() == [False] * 4 + [True, True]
        # W = 4,000 + 2 x 0.3 W.
        assert found.target[:, POTENTIAL].tolist() == pytest.approx([2_500.0] * 4)

    @pytest.mark.parametrize(
        ("tolerance_pct", "target"),
        [
            # The giant takes 0.9 of all: W = 8,000 / 0.1.
            (80.0, 40_000.0),
            # It would take 0.985 and leave 8,000 / 0.015 to be shared: nothing is lowered.
            (97.0, 504_000.0),
        ],
    )
    def test_targets_are_not_lowered_to_nothing(self, tolerance_pct: float, target: float) -> None:
        accounts = [account(f"A{i}") for i in range(8)]
        accounts.append(account("A8", potential_usd=1_000_000.0))
        band = [{"metric": "potential", "tolerance_pct": tolerance_pct}]
        found = targets(accounts, [rep("R0"), rep("R1")], metrics=band)
        assert found.target[:, POTENTIAL].tolist() == pytest.approx([target] * 2)

    def test_without_band_there_are_no_giants(self) -> None:
        accounts = [account("A0"), account("A1", potential_usd=90_000.0)]
        found = targets(accounts, [rep("R0"), rep("R1")], metrics=[])
        assert not found.giant.any()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(
        st.lists(st.sampled_from([1.0, 2.0, 5.0, 40.0, 900.0]), min_size=1, max_size=8),
        st.integers(1, 4),
    )
    def test_every_unit_fits_somewhere_or_is_a_giant(self, sizes: list[float], reps: int) -> None:
        accounts = [account(f"A{i}", potential_usd=size) for i, size in enumerate(sizes)]
        found = targets(accounts, [rep(f"R{j}") for j in range(reps)], metrics=list(self.BAND))
        load, giant = found.load[:, POTENTIAL], found.giant[:, POTENTIAL]
        assert found.target[:, POTENTIAL].sum() <= load.sum() * (1 + 1e-9)
        collapsed = 1 - 1.2 / reps * ((load > found.upper[0, POTENTIAL]).sum()) < 0.02
        if not collapsed:
            assert np.array_equal(giant, load > found.upper[0, POTENTIAL] * (1 + 1e-9))

"""Measures of the backtest by hand, and the Maven book, whose deals are won by chance."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.forecast_measures import (
    binomial_bounds,
    covered_with_coin,
    covered_with_zeros,
    paired_difference,
    rank_correlation,
    top_decile_lift,
)

ROOT = Path(__file__).resolve().parents[2]
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT.parent / "shared" / "data"))


def test_lift_is_the_best_tenth_over_all() -> None:
    """The best two of twenty sell 10 each, all others 1: 10 ÷ 1.9."""
    outcome = np.array([10.0] * 2 + [1.0] * 18)
    assert top_decile_lift(np.arange(20.0)[::-1], outcome) == pytest.approx(10 / 1.9)


def test_a_constant_score_has_no_lift_and_no_correlation() -> None:
    outcome = np.random.default_rng(1).gamma(1, 1, 57)
    assert top_decile_lift(np.ones(57), outcome) == pytest.approx(1)
    assert rank_correlation(np.ones(57), outcome) == 0


def test_correlation_is_of_ranks() -> None:
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 8.0, 900.0])) == 1


def test_rankings_are_told_apart_where_the_book_is_large_enough() -> None:
    """The same difference, whose interval holds 0 among 20 accounts and not among 2,000."""
    rng = np.random.default_rng(3)
    held_apart = []
    for accounts in (20, 2_000):
        outcome = rng.normal(size=accounts)
        own, rival = (outcome + noise * rng.normal(size=accounts) for noise in (1.0, 1.5))
        found, low, high = paired_difference(rank_correlation, own, rival, outcome, 1, draws=200)
        assert low < found < high
        held_apart.append(low > 0)
        assert paired_difference(rank_correlation, own, own, outcome, 1, draws=20) == (0, 0, 0)
    assert held_apart == [False, True]


def test_ties_are_covered_half_of_the_time() -> None:
    zeros = np.zeros(10_000)
    assert covered_with_coin(zeros, zeros, seed=1).mean() == pytest.approx(0.5, abs=0.02)
    found = covered_with_coin(np.array([1.0, 3.0]), np.array([2.0, 2.0]), seed=1)
    assert found.tolist() == [True, False]


def test_a_right_forecast_covers_its_quantile_however_many_buy_nothing() -> None:
    """Nine of ten buy nothing: ties count in 8 of 9 cases, 0.9 × 8 ÷ 9 = 0.8, and buyers never."""
    outcome = np.where(np.arange(20_000) % 10 == 0, 5.0, 0.0)
    found = covered_with_zeros(outcome, np.zeros(20_000), np.full(20_000, 0.9), 0.8, seed=1)
    assert found.mean() == pytest.approx(0.8, abs=0.01)
    assert not found[outcome > 0].any()
    positive = covered_with_zeros(np.array([0.0, 2.0, 3.0]), np.full(3, 2.0), np.zeros(3), 0.8, 1)
    assert positive.tolist() == [True, True, False]


def test_the_binomial_interval_is_exact() -> None:
    """Of ten at 0.8: five or fewer come in 3.3 %, four or fewer in 0.6 % of cases."""
    assert binomial_bounds(0.8, 10) == (0.4, 1.0)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_DATA / "maven_crm").is_dir(), reason=f"no real data in {REAL_DATA}")
def test_only_lift_that_comes_true_is_claimed_on_a_book_won_by_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks.backtest import backtest, page

    monkeypatch.setenv("TERRITORY_REAL_DATA", str(REAL_DATA))
    found = backtest(ROOT / "config" / "examples" / "maven_crm.yaml", date(2017, 7, 31))
    # What accounts buy follows their size before the cut-off and after it; who wins is chance.
    assert found["models"]["predicted_sales"]["is_fitted"]
    lift = found["ranking"]["against"]["no_ranking"]
    assert {row["verdict"] for row in lift.values()} == {"better"}
    assert "worse" not in {
        row["verdict"] for rival in found["ranking"]["against"].values() for row in rival.values()
    }
    assert not found["models"]["win_probability"]["is_fitted"]
    assert "look like chance" in found["models"]["win_probability"]["why"]
    assert found["winning"]["calibration_error"] <= 0.03
    assert all(
        group["holds"] for kind in ("accounts", "buyers") for group in found["coverage"][kind]
    )
    assert "look like chance" in page(found)

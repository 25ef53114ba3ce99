"""Hand-computed cases of losses, calibration and evidence, and what holds for any numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scoring.evidence import (
    calibration_error,
    compare,
    conformal_quantile,
    left_out_constant,
    log_loss,
    pinball_loss,
    poisson_loss,
)


def test_pinball_loss_weighs_misses_by_their_side() -> None:
    """0.8 × 10 above the forecast, 0.2 × 5 below it."""
    found = pinball_loss(np.array([30.0, 15.0]), np.array([20.0, 20.0]), 0.8)
    assert found == pytest.approx([8.0, 1.0])


def test_poisson_loss_is_zero_at_the_truth_and_defined_at_zero() -> None:
    """2 ln(2 ÷ 1) − 2 + 1; of nothing sold the forecast itself."""
    found = poisson_loss(np.array([2.0, 0.0, 3.0]), np.array([1.0, 0.5, 3.0]))
    assert found == pytest.approx([2 * np.log(2) - 1, 0.5, 0.0])


def test_log_loss_is_that_of_the_outcome() -> None:
    found = log_loss(np.array([True, False]), np.array([0.8, 0.8]))
    assert found == pytest.approx([-np.log(0.8), -np.log(0.2)])


def test_calibration_error_is_the_mean_gap_of_equally_full_bins() -> None:
    """Ten forecasts of 0.1, one of them won: no gap. Ten of 0.5, all won: a gap of 0.5."""
    probability = np.repeat([0.1, 0.5], 10)
    is_won = np.array([True] + [False] * 9 + [True] * 10)
    assert calibration_error(is_won, probability, bins=2) == pytest.approx(0.25)


def test_one_forecast_for_all_has_one_bin() -> None:
    is_won = np.arange(100) % 4 == 0
    assert calibration_error(is_won, np.full(100, 0.25)) == pytest.approx(0.0)


def test_the_conformal_quantile_is_an_order_statistic() -> None:
    """⌈10 × 0.8⌉ = 8th of nine; with three residuals the largest, as the fourth is not there."""
    assert conformal_quantile(np.arange(9.0), 0.8) == 7.0
    assert conformal_quantile(np.array([3.0, 1.0, 2.0]), 0.8) == 3.0
    with pytest.raises(ValueError, match="no residuals"):
        conformal_quantile(np.array([]), 0.8)


def test_a_constant_is_that_of_the_other_folds() -> None:
    target, fold = np.array([1.0, 2.0, 6.0, 10.0]), np.array([0, 0, 1, 2])
    assert left_out_constant(target, fold).tolist() == [8.0, 8.0, 13 / 3, 3.0]
    assert left_out_constant(target, fold, np.max).tolist() == [10.0, 10.0, 10.0, 6.0]


def test_evidence_counts_in_standard_errors() -> None:
    """Gains 1 and 3: sum 4, deviation √2, over √2 × √2 = 2 standard errors."""
    found = compare(np.array([1.0, 1.0]), np.array([2.0, 4.0]))
    assert found.standard_errors == pytest.approx(2.0)
    assert found.gain_pct == pytest.approx(100 * 4 / 6)


def test_a_model_like_the_constant_is_no_evidence() -> None:
    assert compare(np.ones(5), np.ones(5)).standard_errors == 0.0


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.floats(0.05, 0.95),
    st.floats(0.05, 0.95),
)
def test_the_conformal_quantile_rises_with_its_level(
    residuals: list[float], one: float, other: float
) -> None:
    values = np.array(residuals)
    low, high = sorted((one, other))
    assert conformal_quantile(values, low) <= conformal_quantile(values, high)
    assert np.mean(values <= conformal_quantile(values, high)) >= high - 1 / len(residuals)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=1, max_size=80))
def test_calibration_error_is_a_share_and_blind_to_order(rows: list[tuple[bool, float]]) -> None:
    is_won = np.array([won for won, _ in rows])
    # Rows of one probability are told apart by nothing, so they are made distinct.
    chance = np.array([p for _, p in rows]) + np.arange(len(rows)) * 1e-9
    found = calibration_error(is_won, chance)
    order = np.random.default_rng(1).permutation(len(rows))
    assert 0 <= found <= 1
    assert calibration_error(is_won[order], chance[order]) == pytest.approx(found)

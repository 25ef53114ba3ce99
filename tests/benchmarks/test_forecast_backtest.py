"""Errors of forecasts by hand, and on series whose truth is known."""

import numpy as np
import pytest

from benchmarks.forecast_backtest import forecast_errors


def test_errors_are_those_of_past_quarters() -> None:
    """1 a month for a year, then 8: 3 are forecast for a quarter of 24, 3 sold a year before."""
    monthly = np.array([1.0] * 12 + [8.0] * 3)
    found = forecast_errors([monthly, monthly])
    assert found is not None
    assert (found["series"], found["quarters"]) == (2, 2)
    assert found["error_pct"] == found["naive_error_pct"] == pytest.approx(100 * 21 / 24)
    assert found["interval_coverage_pct"] == 0


def test_noise_is_forecast_better_than_by_last_year_and_within_the_interval() -> None:
    rng = np.random.default_rng(1)
    found = forecast_errors(list(rng.gamma(4, 25, (30, 24))))
    assert found is not None
    assert found["quarters"] == 30 * 4
    assert found["error_pct"] < found["naive_error_pct"]
    assert 65 <= found["interval_coverage_pct"] <= 95


@pytest.mark.parametrize("months", [0, 5, 14])
def test_a_short_history_cannot_be_backtested(months: int) -> None:
    assert forecast_errors([np.ones(months)]) is None

"""Forecasts of a quarter, by hand and on series whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scoring.forecast import METHODS, forecast_quarter, spread

SEASON = np.array([50.0, 60, 300, 50, 60, 300, 50, 60, 300, 50, 60, 500])


def test_a_short_history_is_its_mean_and_says_so() -> None:
    """Quarters 6 and 9 are missed by 6 − 3 × 1 … with a mean of 2 over six months."""
    found = forecast_quarter(np.array([1.0, 1, 1, 3, 3, 3]))
    assert found.forecast_usd == pytest.approx(6)
    assert found.method == "mean"
    assert "6 months are too few for a season" in found.reason
    assert found.error_pct == pytest.approx(100 * 6 / 6)
    assert found.lower_usd is None  # one error is no spread


def test_a_season_is_damped_by_half_from_a_year_on() -> None:
    """110 a month on the mean, 410 in the same quarter of last year: (330 + 410) ÷ 2."""
    monthly = np.array([60.0, 60, 290, *[110.0] * 9])
    found = forecast_quarter(monthly)
    assert found.method == "damped season"
    assert "too few to compare" in found.reason
    mean = 3 * monthly.mean()
    assert found.forecast_usd == pytest.approx((mean + 410) / 2)
    assert found.naive_error_pct is None
    assert found.lower_usd is not None


def test_noise_is_no_reason_to_leave_the_damped_season() -> None:
    rng = np.random.default_rng(5)
    taken = [forecast_quarter(rng.gamma(4, 25, 24)).method for _ in range(40)]
    assert taken.count("damped season") > 25


def test_an_exact_season_is_seen_from_eighteen_months_on() -> None:
    """Twice the same year: the naive is exact, the mean is not; its interval has no width."""
    found = forecast_quarter(np.tile(SEASON, 2))
    assert found.method == "seasonal naive"
    assert "too few to fit a trend" in found.reason
    assert found.forecast_usd == pytest.approx(SEASON[:3].sum())
    assert found.naive_error_pct == 0
    assert (found.lower_usd, found.upper_usd) == (found.forecast_usd, found.forecast_usd)


def test_the_interval_is_that_of_past_errors() -> None:
    """Alternating quarters 0 and 6 around a mean of 3: every miss is 3 where the mean is 3."""
    monthly = np.tile([0.0, 0, 0, 2, 2, 2], 2)[:11]
    found = forecast_quarter(monthly)
    assert found.upper_usd is not None
    errors = [
        monthly[o : o + 3].sum() - METHODS["mean"](monthly[:o]) for o in range(3, len(monthly) - 2)
    ]
    half = 1.885618 * np.sqrt(np.mean(np.square(errors)))  # Student's t at 0.9, two quarters
    assert found.upper_usd == pytest.approx(found.forecast_usd + half)
    assert found.lower_usd == pytest.approx(max(found.forecast_usd - half, 0))


def test_few_past_quarters_leave_the_interval_wide() -> None:
    """Student's t at 0.9: 1.886 with 2 quarters, 1.476 with 5, 1.2816 with many."""
    assert spread(np.full(2, -3.0), 1) == pytest.approx(3 * 1.885618)
    assert spread(np.full(15, 3.0), 3) == pytest.approx(3 * 1.475884)
    assert spread(np.full(3000, 3.0), 1) == pytest.approx(3 * 1.2816, rel=1e-3)


def test_a_trend_with_a_season_is_smoothed_where_that_beats_the_naive() -> None:
    rng = np.random.default_rng(1)
    months = np.arange(60)
    truth = 1000 + 20 * months + 300 * np.sin(2 * np.pi * months / 12)
    found = forecast_quarter((truth + 20 * rng.standard_normal(60))[:57])
    assert found.method == "exponential smoothing"
    assert found.forecast_usd == pytest.approx(truth[57:].sum(), rel=0.03)
    assert found.error_pct is not None
    assert found.naive_error_pct is not None
    assert found.error_pct < found.naive_error_pct


def test_many_series_are_not_smoothed() -> None:
    found = forecast_quarter(1.0 + np.arange(60), may_smooth=False)
    assert found.method in ("mean", "seasonal naive")
    assert "too many series" in found.reason


@pytest.mark.parametrize("months", [0, 1, 3, 17, 18, 24, 40])
def test_nothing_sold_is_forecast_as_nothing(months: int) -> None:
    found = forecast_quarter(np.zeros(months))
    assert found.forecast_usd == 0
    assert found.error_pct is None
    assert "nothing was sold" in found.reason or "too few" in found.reason


@given(
    st.lists(st.floats(0, 1e6), min_size=0, max_size=35),
    st.floats(1e-3, 1e3),
)
def test_forecasts_lie_in_their_interval_and_scale_with_the_currency(
    monthly: list[float], currency: float
) -> None:
    values = np.round(np.array(monthly), 2)
    one, other = forecast_quarter(values), forecast_quarter(values * currency)
    for found in (one, other):
        if found.lower_usd is not None and found.upper_usd is not None:
            assert found.lower_usd <= found.forecast_usd <= found.upper_usd
        assert found.forecast_usd >= 0
    if one.method == other.method:
        assert other.forecast_usd == pytest.approx(one.forecast_usd * currency, rel=1e-6)


def test_intervals_cover_about_four_of_five_quarters() -> None:
    """Over 300 noisy series without a trend; past quarters overlap, so it is a little off."""
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(300):
        series = rng.gamma(4, 25, 27)
        found = forecast_quarter(series[:24])
        assert found.lower_usd is not None
        assert found.upper_usd is not None
        hits.append(found.lower_usd <= series[24:].sum() <= found.upper_usd)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.1)

"""Sales of the next quarter for a monthly series, with an interval and a backtest.

Three ways, tried at past quarters with what was known then; the one that missed least is taken:

- `exponential smoothing` (Holt-Winters: damped trend, additive season), from `SMOOTHED_MONTHS` on;
- `seasonal naive`: the same months of last year, from `SEASONAL_MONTHS` on;
- `mean` of the last twelve months, or of as many as there are.

The interval is the forecast ± 1.28 root mean squares of the misses: 80 % if they are normal; never
below 0.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

AHEAD_MONTHS = 3
SEASON_MONTHS = 12
# Two seasons and the quarters to try the method at.
SMOOTHED_MONTHS = 36
SEASONAL_MONTHS = SEASON_MONTHS + 2 * AHEAD_MONTHS
SMOOTHED_ORIGINS = 4
# 80 % of a normal distribution lie within 1.2816 standard deviations.
INTERVAL = 1.2815515655446004


@dataclass(frozen=True)
class Forecast:
    """The total of the next `AHEAD_MONTHS`.

    Attributes:
        lower_usd, upper_usd: None with fewer than two errors to take them from.
        error_pct: mean absolute error of the method at past origins, % of the mean total.
        naive_error_pct: that of the seasonal naive; None where it has none.
    """

    forecast_usd: float
    lower_usd: float | None
    upper_usd: float | None
    method: str
    reason: str
    error_pct: float | None
    naive_error_pct: float | None


def forecast_quarter(monthly_usd: Floats, *, may_smooth: bool = True) -> Forecast:
    """Forecast the three months after `monthly_usd`, (n) totals of whole months, oldest first."""
    months = monthly_usd.size
    if months < SEASONAL_MONTHS or not monthly_usd.any():
        reason = (
            f"{months} months are too few for a season ({SEASONAL_MONTHS} needed)"
            if months < SEASONAL_MONTHS
            else "nothing was sold"
        )
        errors = _errors(monthly_usd, _mean, _origins(months, AHEAD_MONTHS))
        return _forecast(monthly_usd, "mean", reason, errors, None)
    rivals = ["mean"]
    remark = ""
    origins = _origins(months, SEASON_MONTHS)
    if months < SMOOTHED_MONTHS:
        remark = f"; {months} months are too few to fit a trend ({SMOOTHED_MONTHS} needed)"
    elif not may_smooth:
        remark = "; too many series to fit each"
    else:
        rivals.append("exponential smoothing")
        origins = [months - AHEAD_MONTHS * step for step in range(SMOOTHED_ORIGINS, 0, -1)]
    naive = _errors(monthly_usd, _seasonal_naive, origins)
    best, errors = "seasonal naive", naive
    for name in rivals:
        own = _errors(monthly_usd, METHODS[name], origins)
        if np.abs(own).mean() < np.abs(errors).mean():
            best, errors = name, own
    reason = f"smallest error at {len(origins)} past quarters{remark}"
    return _forecast(monthly_usd, best, reason, errors, naive)


def _forecast(
    monthly: Floats, name: str, reason: str, errors: Floats, naive_errors: Floats | None
) -> Forecast:
    total = METHODS[name](monthly)
    typical = monthly.mean() * AHEAD_MONTHS if monthly.size else 0.0
    half = INTERVAL * float(np.sqrt(np.mean(errors**2))) if errors.size > 1 else None
    return Forecast(
        forecast_usd=total,
        lower_usd=None if half is None else max(total - half, min(total, 0.0)),
        upper_usd=None if half is None else total + half,
        method=name,
        reason=reason,
        error_pct=_percent(errors, typical),
        naive_error_pct=None if naive_errors is None else _percent(naive_errors, typical),
    )


def _percent(errors: Floats, typical: float) -> float | None:
    if not errors.size or typical <= 0:
        return None
    return 100 * float(np.abs(errors).mean()) / typical


def _origins(months: int, first: int) -> list[int]:
    return list(range(first, months - AHEAD_MONTHS + 1))


def _errors(monthly: Floats, method: Callable[[Floats], float], origins: list[int]) -> Floats:
    """Actual less forecast of the quarter after each origin."""
    return np.array([actual - method(known) for known, actual in _trials(monthly, origins)])


def _trials(monthly: Floats, origins: list[int]) -> Iterator[tuple[Floats, float]]:
    for origin in origins:
        yield monthly[:origin], float(monthly[origin : origin + AHEAD_MONTHS].sum())


def _mean(monthly: Floats) -> float:
    year = monthly[-SEASON_MONTHS:]
    return float(year.mean() * AHEAD_MONTHS) if year.size else 0.0


def _seasonal_naive(monthly: Floats) -> float:
    start = monthly.size - SEASON_MONTHS
    return float(monthly[start : start + AHEAD_MONTHS].sum())


def _smoothed(monthly: Floats) -> float:
    import warnings

    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    # In units of the mean, so that the optimizer sees the same numbers in any currency.
    scale = monthly.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ExponentialSmoothing(
            monthly / scale,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON_MONTHS,
            initialization_method="estimated",
        ).fit()
    return max(float(fitted.forecast(AHEAD_MONTHS).sum() * scale), 0.0)


METHODS: dict[str, Callable[[Floats], float]] = {
    "mean": _mean,
    "seasonal naive": _seasonal_naive,
    "exponential smoothing": _smoothed,
}

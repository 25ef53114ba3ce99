"""Measures of the backtest by hand, and the Maven book, whose deals are won by chance."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.forecast_measures import (
    binomial_bounds,
    coverage,
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


def test_ties_are_covered_half_of_the_time() -> None:
    assert coverage(np.zeros(10_000), np.zeros(10_000), seed=1) == pytest.approx(0.5, abs=0.02)
    assert coverage(np.array([1.0, 3.0]), np.array([2.0, 2.0]), seed=1) == 0.5


def test_the_binomial_interval_is_exact() -> None:
    """Of ten at 0.8: five or fewer come in 3.3 %, four or fewer in 0.6 % of cases."""
    assert binomial_bounds(0.8, 10) == (0.4, 1.0)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL_DATA / "maven_crm").is_dir(), reason=f"no real data in {REAL_DATA}")
def test_no_spurious_lift_on_a_book_won_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.backtest import backtest, page

    monkeypatch.setenv("TERRITORY_REAL_DATA", str(REAL_DATA))
    found = backtest(ROOT / "config" / "examples" / "maven_crm.yaml", date(2017, 7, 31))
    assert found["ranking"]["predicted_sales"] == {"spearman": 0.0, "top_decile_lift": 1.0}
    assert not found["models"]["win_probability"]["is_fitted"]
    assert "look like chance" in found["models"]["win_probability"]["why"]
    assert found["winning"]["calibration_error"] <= 0.03
    assert all(group["holds"] for group in found["coverage"]["groups"])
    assert "no lift is claimed" in page(found)

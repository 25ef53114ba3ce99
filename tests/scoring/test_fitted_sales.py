"""Predicted sales on books whose truth is known."""

import numpy as np
import polars as pl
import pytest
from feature_tables import SETTINGS, account_features

from pipelines.scoring.sales import fit_sales


def test_predicted_sales_follow_what_drives_them_and_keep_the_total() -> None:
    features, trailing = account_features(3000, seed=4)
    found = fit_sales(features, trailing, 200, 2.5, SETTINGS)
    outcome = features.filter(pl.col("moment") == "training")["outcome_usd"].to_numpy()
    assert found.predicted_sales_usd.sum() == pytest.approx(outcome.sum(), rel=0.1)
    today = features.filter(pl.col("moment") == "today")
    by_size = np.corrcoef(
        np.log(found.predicted_sales_usd), np.log(today["employee_count"].to_numpy())
    )
    assert by_size[0, 1] > 0.7


def test_half_a_year_is_taken_to_a_year() -> None:
    features, trailing = account_features(3000, seed=4, history_months=12)
    found = fit_sales(features, trailing, 200, 2.5, SETTINGS)
    outcome = features.filter(pl.col("moment") == "training")["outcome_usd"].to_numpy()
    assert found.predicted_sales_usd.sum() == pytest.approx(2 * outcome.sum(), rel=0.1)
    assert "6 months ahead" in found.reason


def test_noise_has_no_lift_and_says_so() -> None:
    for seed in range(3):
        features, trailing = account_features(800, seed=seed, is_noise=True)
        found = fit_sales(features, trailing, 200, 2.5, SETTINGS)
        assert np.ptp(found.predicted_sales_usd) == 0
        assert "no lift" in found.reason


def test_without_history_everybody_is_predicted_the_mean() -> None:
    features, trailing = account_features(300, seed=5)
    today = features.filter(pl.col("moment") == "today")
    found = fit_sales(today, trailing, 200, 2.5, SETTINGS)
    assert found.predicted_sales_usd == pytest.approx(np.full(300, trailing.mean()))


def test_a_small_book_is_estimated_from_record_size_and_industry() -> None:
    features, trailing = account_features(120, seed=11)
    found = fit_sales(features, trailing, 200, 2.5, SETTINGS)
    outcome = features.filter(pl.col("moment") == "training")["outcome_usd"].to_numpy()
    assert found.predicted_sales_usd.sum() == pytest.approx(outcome.sum())
    assert "shrunk to the mean: none of 162 books" in found.reason
    metrics = {metric.metric: metric.metric_value for metric in found.metrics}
    assert metrics["is_fitted"] == 1
    assert (metrics["gain_over_constant_pct"] or 0) > 10
    assert found.estimate is not None
    assert found.estimate.weights["employee_count"] > 0


def test_no_estimate_where_it_is_not_wanted_or_the_book_is_tiny() -> None:
    features, trailing = account_features(120, seed=11)
    unwanted = fit_sales(features, trailing, 200, 2.5, SETTINGS, may_shrink=False)
    tiny = fit_sales(*account_features(60, seed=11), 200, 2.5, SETTINGS)
    for found in (unwanted, tiny):
        assert np.ptp(found.predicted_sales_usd) == 0
        assert "everybody is predicted the mean" in found.reason


def test_neither_the_currency_nor_the_order_of_rows_matters() -> None:
    features, trailing = account_features(700, seed=4)
    found = fit_sales(features, trailing, 200, 0.0, SETTINGS)
    dear = fit_sales(*account_features(700, seed=4, currency=1000.0), 200, 0.0, SETTINGS)
    assert np.ptp(found.predicted_sales_usd) > 0
    assert dear.predicted_sales_usd == pytest.approx(1000 * found.predicted_sales_usd)
    order = np.random.default_rng(1).permutation(700)
    shuffled = pl.concat(
        [features.filter(pl.col("moment") == moment)[order] for moment in ("training", "today")]
    )
    other = fit_sales(shuffled, trailing[order], 200, 0.0, SETTINGS)
    assert other.predicted_sales_usd == pytest.approx(found.predicted_sales_usd[order], rel=1e-6)

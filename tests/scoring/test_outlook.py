"""Buying at all, and the quantile over all accounts, on books whose truth is known."""

import numpy as np
import polars as pl
import pytest
from feature_tables import QUANTILE, SETTINGS, account_features

from benchmarks.forecast_measures import covered_with_zeros
from pipelines.scoring.outlook import Outlook, fit_outlook
from pipelines.scoring.potential import PotentialFit, fit_potential
from pipelines.scoring.sales import SalesFit

NO_ESTIMATE = SalesFit(np.zeros(0), "", ())


def book(seed: int, currency: float = 1.0) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """3,000 accounts of which small ones buy in one of ten years, others in seven; and chances."""
    features, trailing = account_features(3000, seed=seed, currency=currency)
    today = features.filter(pl.col("moment") == "today")
    chance = np.where(today["employee_count"].to_numpy() < 90, 0.1, 0.7)
    spend = np.exp(
        6
        + 0.6 * np.log(today["employee_count"].to_numpy())
        + 0.8 * np.random.default_rng(seed).standard_normal(3000)
    )
    outcome = currency * spend * (np.random.default_rng(seed + 1).random(3000) < chance)
    rows = pl.Series([*outcome, *[None] * 3000], dtype=pl.Float64)
    return features.with_columns(outcome_usd=rows), trailing, chance


def fitted(features: pl.DataFrame, trailing: np.ndarray) -> Outlook:
    potential = fit_potential(features, trailing, QUANTILE, 200, 2.5, SETTINGS)
    return fit_outlook(features, trailing, potential, NO_ESTIMATE, QUANTILE, 200, 2.5, SETTINGS)


@pytest.fixture(scope="module")
def outlook() -> Outlook:
    return fitted(*book(1)[:2])


def test_chances_of_buying_are_found(outlook: Outlook) -> None:
    truth = book(1)[2]
    assert np.abs(outlook.probability - truth).mean() < 0.05
    assert {m.metric: m.metric_value or 0.0 for m in outlook.metrics}["calibration_error"] < 0.05


def test_a_new_year_is_covered_among_those_who_hardly_buy_and_those_who_do(
    outlook: Outlook,
) -> None:
    features, _, chance = book(50)
    outcome = features["outcome_usd"][:3000].to_numpy()
    # The same accounts have other sizes under another seed, so they are scored anew.
    found = fitted(*book(50)[:2])
    covered = covered_with_zeros(outcome, found.high_usd, 1 - found.probability, QUANTILE, 1)
    assert covered.mean() == pytest.approx(QUANTILE, abs=0.03)
    for part in (chance < 0.5, chance > 0.5):
        assert covered[part].mean() == pytest.approx(QUANTILE, abs=0.05)
    assert (outlook.high_usd[book(1)[2] < 0.5] == 0).mean() > 0.95


def test_nobody_buys_less_for_another_currency(outlook: Outlook) -> None:
    dear = fitted(*book(1, currency=1000.0)[:2])
    assert dear.probability == pytest.approx(outlook.probability)
    assert dear.high_usd == pytest.approx(1000 * outlook.high_usd)


def test_a_level_of_certain_buyers_is_the_potential_itself() -> None:
    """With p = 1 the level is the quantile: the multiple of the buyers' quantile is 1."""
    features, _ = account_features(400, seed=3, is_noise=True, history_months=12)
    residuals = np.linspace(-1, 1, 4001)
    potential = PotentialFit(
        np.full(400, 100.0), "", (), None, {"": 0.6}, residuals, np.full(4001, "small")
    )
    found = fit_outlook(
        features, np.ones(400), potential, NO_ESTIMATE, QUANTILE, 200, 2.5, SETTINGS
    )
    assert found.probability == pytest.approx(np.full(400, 401 / 402))
    assert found.high_usd == pytest.approx(np.full(400, 100.0), rel=0.01)


def test_without_a_model_everybody_has_the_figures_of_the_book() -> None:
    """A tenth of 50 accounts bought 10 to 50: the 41st of 50 sales is 0."""
    features, _ = account_features(50, seed=2, history_months=12)
    sales = np.zeros(50)
    sales[:5] = [10, 20, 30, 40, 50]
    found = fit_outlook(
        features, sales, PotentialFit(None, "", ()), NO_ESTIMATE, QUANTILE, 200, 2.5, SETTINGS
    )
    assert found.probability == pytest.approx(np.full(50, 6 / 52))
    assert found.high_usd.tolist() == [0.0] * 50
    assert "too few" in found.reason
    empty = features.clear()
    assert (
        fit_outlook(
            empty,
            np.array([]),
            PotentialFit(None, "", ()),
            NO_ESTIMATE,
            QUANTILE,
            200,
            2.5,
            SETTINGS,
        ).high_usd.tolist()
        == []
    )


def test_the_quantile_of_a_small_book_follows_the_estimate() -> None:
    """Sales over estimate of 0.1 to 0.9: the eighth of nine, 0.8, times what the estimate says."""
    features, _ = account_features(50, seed=2, history_months=12)
    predicted = np.linspace(50, 150, 50)
    estimate = SalesFit(predicted, "", (), left_out_ratios=np.arange(1, 10) / 10)
    found = fit_outlook(
        features,
        np.full(50, 100.0),
        PotentialFit(None, "", ()),
        estimate,
        QUANTILE,
        200,
        2.5,
        SETTINGS,
    )
    assert found.high_usd == pytest.approx(0.8 * predicted)

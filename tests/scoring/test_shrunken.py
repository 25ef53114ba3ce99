"""The estimate of small books, on books whose truth is known."""

import numpy as np
import polars as pl
import pytest
from feature_tables import account_features
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.scoring.shrunken import RECORD, RIDGES, SIZE, ShrunkenFit, fit_shrunken


def moments(features: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray, pl.DataFrame]:
    known = features.filter(pl.col("moment") == "training")
    outcome = known["outcome_usd"].to_numpy()
    return known, outcome, features.filter(pl.col("moment") == "today")


def fitted(features: pl.DataFrame, evidence: float = 2.5) -> ShrunkenFit:
    found = fit_shrunken(*moments(features), evidence, seed=7)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def small_book() -> pl.DataFrame:
    return account_features(120, seed=11)[0]


@pytest.fixture(scope="module")
def estimate(small_book: pl.DataFrame) -> ShrunkenFit:
    return fitted(small_book)


def test_what_drives_sales_is_found_in_a_hundred_accounts(
    small_book: pl.DataFrame, estimate: ShrunkenFit
) -> None:
    today = moments(small_book)[2]
    industry = today["industry"].str.split(" ").list.get(1).cast(pl.Int64).to_numpy()
    truth = 0.6 * np.log(today["employee_count"].to_numpy()) + 0.5 * industry
    assert estimate.is_better
    assert np.corrcoef(np.log(estimate.relative), truth)[0, 1] > 0.8
    assert estimate.relative.mean() == pytest.approx(1)


def test_sales_dealt_out_by_chance_are_predicted_as_the_mean() -> None:
    """A right book of noise is used in 0.6 % of cases: none of thirty here."""
    for seed in range(30):
        features = account_features(80, seed=seed, is_noise=True)[0]
        assert not fitted(features).is_better


def test_the_weight_is_the_one_of_least_penalised_deviance() -> None:
    """Two sizes, one standard deviation either side, that buy 0.5 and 1.5 times the mean.

    With intercept a and weight w, the slopes of mean deviance + ridge ÷ 2 × w² are 0 where
    e^a cosh w = 1 and e^a sinh w + ridge × w = (1.5 − 0.5) ÷ 2, so tanh w + ridge × w = 0.5.
    """
    features = account_features(200, seed=1, is_noise=True)[0]
    is_large = pl.Series(np.arange(400) // 5 % 2 == 1)
    features = features.with_columns(
        employee_count=pl.when(is_large).then(100.0).otherwise(10.0),
        outcome_usd=pl.when(is_large).then(150.0).otherwise(50.0),
        industry=pl.lit("one"),
        **{name: pl.lit(0.0) for name in RECORD},
    )
    weights = fitted(features).weights
    assert list(weights) == ["employee_count"]
    weight = weights["employee_count"]
    assert any(np.tanh(weight) + ridge * weight == pytest.approx(0.5) for ridge in RIDGES)


def test_a_better_record_or_a_larger_client_is_never_predicted_less(
    small_book: pl.DataFrame, estimate: ShrunkenFit
) -> None:
    assert all(estimate.weights.get(name, 0.0) >= 0 for name in (*RECORD, *SIZE))
    known, outcome, today = moments(small_book)
    ladder = today.head(1).with_columns(employee_count=pl.Series([[1.0, 10.0, 100.0, 9e9]]))
    found = fit_shrunken(known, outcome, ladder.explode("employee_count"), 0.0, seed=7)
    assert found is not None
    assert np.all(np.diff(found.relative) >= 0)


@settings(max_examples=5, deadline=None)
@given(unit=st.floats(1e-6, 1e6), months=st.integers(1, 24))
def test_neither_currency_nor_the_months_looked_back_on_matter(
    small_book: pl.DataFrame, unit: float, months: int
) -> None:
    known, outcome, today = moments(small_book)
    of_other = today.with_columns(pl.col("past_sales_usd") * unit * months)
    base, other = (
        fit_shrunken(known, sales, part, 0.0, seed=7)
        for sales, part in ((outcome, today), (outcome * unit, of_other))
    )
    assert base is not None
    assert other is not None
    assert other.relative == pytest.approx(base.relative, rel=1e-6)


def test_the_order_of_accounts_does_not_matter(
    small_book: pl.DataFrame, estimate: ShrunkenFit
) -> None:
    order = np.random.default_rng(2).permutation(120)
    known, outcome, today = moments(small_book)
    found = fit_shrunken(known[order], outcome[order], today[order], 2.5, seed=7)
    assert found is not None
    assert found.relative == pytest.approx(estimate.relative[order], rel=1e-6)


def test_nothing_known_is_no_estimate(small_book: pl.DataFrame) -> None:
    alike = small_book.with_columns(
        employee_count=pl.lit(None, dtype=pl.Float64),
        industry=pl.lit(None, dtype=pl.String),
        **{name: pl.lit(0.0) for name in RECORD},
    )
    assert fit_shrunken(*moments(alike), 2.5, seed=7) is None


def test_missing_sizes_stand_at_the_mean_of_the_book(small_book: pl.DataFrame) -> None:
    gaps = small_book.with_columns(
        employee_count=pl.when(pl.int_range(pl.len()) % 3 > 0).then("employee_count")
    )
    assert np.isfinite(fitted(gaps).relative).all()


def test_the_weights_that_are_kept_give_the_estimate(
    small_book: pl.DataFrame, estimate: ShrunkenFit
) -> None:
    """As a reader of `models.json` would: traits by hand, weights of the account's fold."""
    today = moments(small_book)[2]
    terms = np.zeros((120, len(estimate.weights)))
    for column, name in enumerate(estimate.weights):
        if name in estimate.scales:
            values = today[name].cast(pl.Float64).to_numpy()
            logs = np.log(values) if name in SIZE else np.log1p(values / values.mean())
            mean, deviation = estimate.scales[name]
            terms[:, column] = np.clip((logs - mean) / deviation, -3, 3)
        else:
            terms[:, column] = (today["industry"] == name.removeprefix("industry: ")).to_numpy()
    weights = estimate.fold_weights[today["fold"].to_numpy()]
    by_hand = np.exp(weights[:, 0] + (weights[:, 1:] * terms).sum(axis=1))
    assert by_hand / by_hand.mean() == pytest.approx(estimate.relative)

"""The fitted quantile on books whose truth is known."""

import json

import numpy as np
import polars as pl
import pytest
from feature_tables import QUANTILE, SETTINGS, account_features, true_quantile

from pipelines.scoring.artefact import describe_models
from pipelines.scoring.outlook import fit_outlook
from pipelines.scoring.potential import PotentialFit, fit_potential
from pipelines.scoring.sales import fit_sales
from pipelines.scoring.win import WinFit


def fitted(features: pl.DataFrame, trailing: np.ndarray, minimum: int = 200) -> PotentialFit:
    return fit_potential(features, trailing, QUANTILE, minimum, 2.5, SETTINGS)


@pytest.fixture(scope="module")
def book() -> tuple[pl.DataFrame, np.ndarray]:
    return account_features(3000, seed=1)


@pytest.fixture(scope="module")
def potential(book: tuple[pl.DataFrame, np.ndarray]) -> PotentialFit:
    return fitted(*book)


def values(fit: PotentialFit, metric: str) -> dict[str, float]:
    return {m.group_name: m.metric_value or 0.0 for m in fit.metrics if m.metric == metric}


@pytest.mark.parametrize("history_months", [12, 24])
def test_the_quantile_is_close_to_the_truth_and_covers_new_sales(
    potential: PotentialFit, history_months: int
) -> None:
    features, trailing = account_features(3000, seed=1, history_months=history_months)
    found = potential if history_months == 24 else fitted(features, trailing)
    assert found.comparable_spend_usd is not None
    truth = true_quantile(features)
    assert np.median(np.abs(np.log(found.comparable_spend_usd / truth))) < 0.12
    new = truth * np.exp(0.8 * np.random.default_rng(9).standard_normal(3000) - 0.8 * 0.84162)
    assert np.mean(new <= found.comparable_spend_usd) == pytest.approx(QUANTILE, abs=0.03)


def test_left_out_customers_are_covered_in_every_segment(potential: PotentialFit) -> None:
    covered = values(potential, "coverage_pct")
    assert set(covered) == {"all", "large", "small"}
    assert all(77 <= share <= 83 for share in covered.values())


def test_what_decides_is_named(potential: PotentialFit) -> None:
    shares = values(potential, "importance")
    assert sum(shares.values()) == pytest.approx(1)
    assert max(shares, key=shares.__getitem__) == "employee_count"


def test_noise_is_not_fitted_and_says_so() -> None:
    for seed in range(3):
        found = fitted(*account_features(800, seed=seed, is_noise=True))
        assert found.comparable_spend_usd is None
        assert "no model beats one quantile" in found.reason


def test_a_small_book_says_that_it_is_small() -> None:
    found = fitted(*account_features(150, seed=2))
    assert found.comparable_spend_usd is None
    assert "too few for a model (200)" in found.reason
    assert values(found, "is_fitted") == {"all": 0.0}


def test_a_book_of_accounts_that_are_all_alike_falls_back() -> None:
    features, trailing = account_features(600, seed=3, history_months=12)
    alike = features.with_columns(
        employee_count=pl.lit(10.0), industry=pl.lit("one"), segment=pl.lit("one")
    )
    assert fitted(alike, trailing).comparable_spend_usd is None


def test_more_employees_hardly_ever_mean_less(
    potential: PotentialFit, book: tuple[pl.DataFrame, np.ndarray]
) -> None:
    """Splits are monotone, but leaves of a quantile loss are set again after them (model card)."""
    assert potential.fit is not None
    matrix = potential.fit.design.matrix(book[0].filter(pl.col("moment") == "today"))
    fold = np.arange(matrix.shape[0]) % 5
    column = potential.fit.design.columns.index("employee_count")
    larger = matrix.copy()
    larger[:, column] *= 1.5
    change = potential.fit.predict(larger, fold) - potential.fit.predict(matrix, fold)
    assert np.mean(change >= -1e-9) > 0.9
    assert change.min() > -0.1
    assert change.mean() == pytest.approx(0.6 * np.log(1.5), abs=0.06)


def test_nothing_depends_on_the_currency(potential: PotentialFit) -> None:
    dear = fitted(*account_features(3000, seed=1, currency=1000.0))
    assert potential.comparable_spend_usd is not None
    assert dear.comparable_spend_usd == pytest.approx(1000 * potential.comparable_spend_usd)


def test_the_order_of_values_decides_not_the_run(
    potential: PotentialFit, book: tuple[pl.DataFrame, np.ndarray]
) -> None:
    again = fitted(*book)
    assert np.array_equal(again.comparable_spend_usd, potential.comparable_spend_usd)  # type: ignore[arg-type]


def test_no_account_scores_itself(
    potential: PotentialFit, book: tuple[pl.DataFrame, np.ndarray]
) -> None:
    """A million-fold outcome of one account changes others' scores, never its own."""
    features, trailing = book
    row = int(np.argmax(features["outcome_usd"].fill_null(0.0).to_numpy() > 0))
    outcome = features["outcome_usd"].to_numpy().copy()
    outcome[row] *= 1e6
    before = potential
    after = fitted(features.with_columns(pl.Series("outcome_usd", outcome)), trailing)
    fold = features["fold"].to_numpy()
    assert before.fit is not None
    assert after.fit is not None
    matrix = before.fit.design.matrix(features.filter(pl.col("moment") == "today"))
    own = matrix[[row]]
    own_fold = fold[[row]]
    assert before.fit.predict(own, own_fold) == after.fit.predict(own, own_fold)


def test_the_artefact_scores_without_the_library(
    potential: PotentialFit, book: tuple[pl.DataFrame, np.ndarray]
) -> None:
    features, trailing = book
    sales = fit_sales(features, trailing, 200, 2.5, SETTINGS)
    outlook = fit_outlook(features, trailing, potential, sales, QUANTILE, 200, 2.5, SETTINGS)
    win = WinFit(np.array([]), "", (), {})
    text = describe_models({"run_id": "r"}, potential, sales, outlook, win)
    kept = json.loads(text)["potential"]
    assert potential.fit is not None
    matrix = potential.fit.design.matrix(features.filter(pl.col("moment") == "today"))[:50]
    wanted = potential.fit.predict(matrix, np.zeros(50, dtype=np.int64))
    model = kept["trees"]["models"][0]
    rows = features.filter(pl.col("moment") == "today").head(50).to_dicts()
    names = kept["trees"]["columns"]
    found = [
        model["baseline"][0] + sum(_leaf(tree, names, model["categories"], row) for tree in trees)
        for trees in [model["trees"]]
        for row in rows
    ]
    assert found == pytest.approx(wanted)


def _leaf(tree: dict, names: list[str], categories: dict, row: dict) -> float:  # type: ignore[type-arg]
    """Walk one tree of the artefact as its comments say."""
    at = 0
    while not tree["is_leaf"][at]:
        name = names[tree["column"][at]]
        value = row[name]
        if value is None or (name in categories and value not in categories[name]):
            left = tree["missing_goes_left"][at]
        elif tree["is_category"][at]:
            place = categories[name].index(value)
            words = tree["sets"][tree["category_set"][at]]
            left = bool(words[place // 32] >> (place % 32) & 1)
        else:
            threshold = tree["threshold"][at]
            left = threshold is None or value <= threshold
        at = tree["left"][at] if left else tree["right"][at]
    return float(tree["value"][at])

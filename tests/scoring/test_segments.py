"""Segments of accounts on books that have, or have not, any."""

import numpy as np
import polars as pl
import pytest
from feature_tables import account_features
from sklearn.metrics import adjusted_rand_score

from pipelines.scoring.segments import ONE_SEGMENT, STABLE, Segments, find_segments


def book_of_two_kinds(accounts: int, currency: float = 1.0) -> tuple[pl.DataFrame, np.ndarray]:
    """Every second account is a hundred times as large, and asks for ten times as many deals."""
    features, _ = account_features(accounts, seed=1)
    large = pl.int_range(pl.len()) % 2 == 0
    rng = np.random.default_rng(0)
    return features.with_columns(
        employee_count=pl.when(large).then(pl.lit(5000.0)).otherwise(pl.lit(50.0))
        * pl.Series(np.exp(0.3 * rng.standard_normal(2 * accounts))),
        past_lost_deals=pl.when(large).then(20).otherwise(1)
        + pl.Series(rng.poisson(2, 2 * accounts)),
        past_won_deals=pl.lit(1),
        past_sales_usd=pl.lit(10.0 * currency),
        past_asked_usd=pl.lit(50.0 * currency),
        logged_hours=pl.lit(1.0),
    ), np.full(accounts, 10.0 * currency)


@pytest.fixture(scope="module")
def two_kinds() -> Segments:
    return find_segments(*book_of_two_kinds(600), None, seed=7)


def stated(found: Segments, metric: str) -> dict[str, float]:
    return {m.group_name: m.metric_value or 0.0 for m in found.metrics if m.metric == metric}


def test_two_kinds_are_found_and_named_by_what_sets_them_apart(two_kinds: Segments) -> None:
    found = two_kinds
    kinds = np.arange(600) % 2
    assert adjusted_rand_score(kinds, found.names) > 0.95
    large, small = found.names[0], found.names[1]
    assert {"large", "many deals"} & set(large.split(", "))
    assert {"small", "few deals"} & set(small.split(", "))
    assert sum(stated(found, "accounts").values()) == 600


def test_the_number_of_segments_is_the_largest_stable_one_that_is_as_clear(
    two_kinds: Segments,
) -> None:
    found = two_kinds
    silhouette, stability = stated(found, "silhouette"), stated(found, "stability")
    stable = {k: value for k, value in silhouette.items() if stability[k] >= STABLE}
    as_clear = [k for k, value in stable.items() if value >= 0.95 * max(stable.values())]
    assert len(set(found.names)) == max(map(int, as_clear))


def test_segments_do_not_depend_on_the_currency_or_the_run(two_kinds: Segments) -> None:
    assert find_segments(*book_of_two_kinds(600), None, seed=7) == two_kinds
    dear = book_of_two_kinds(600, currency=1000.0)
    assert find_segments(*dear, None, seed=7).names == two_kinds.names


@pytest.mark.parametrize("accounts", [0, 1, 40])
def test_a_small_book_is_one_segment(accounts: int) -> None:
    features, trailing = account_features(40, seed=1)
    part = features.filter(pl.col("account_id") < f"A{accounts:05}")
    found = find_segments(part, trailing[:accounts], None, seed=7)
    assert found.names == [ONE_SEGMENT] * accounts


def test_accounts_that_are_all_alike_are_one_segment() -> None:
    features, _ = account_features(200, seed=1)
    numbers = {
        name: pl.lit(1.0)
        for name in ("employee_count", "past_sales_usd", "past_asked_usd", "logged_hours")
    }
    counts = {name: pl.lit(1) for name in ("past_won_deals", "past_lost_deals")}
    found = find_segments(features.with_columns(**numbers, **counts), np.ones(200), None, seed=7)
    assert set(found.names) == {ONE_SEGMENT}

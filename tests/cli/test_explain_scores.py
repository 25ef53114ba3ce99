"""The lines about an account's scores, from a release of two accounts."""

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.cli.explain_scores import score_lines
from pipelines.settings.scoring import MarketSettings, Scoring

SCORING = Scoring(market=MarketSettings(industry_sectors={}, country_aliases={}))
ACCOUNT = {
    "account_id": "a",
    "complexity_score": 1.2,
    "service_hours": 100.0,
    "potential_usd": 250.0,
    "potential_basis": "fitted model",
    "predicted_sales_usd": 120.0,
    "buying_probability_pct": 62.3,
    "predicted_sales_high_usd": 190.0,
    "segment": "Enterprise",
}


@pytest.fixture
def release() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            """
            CREATE TABLE dim_account AS
            SELECT account_id, upper(account_id) AS account_name, 'Retail' AS industry, sales AS
              actual_sales_usd, 200.0 AS potential_usd, 50.0 AS service_hours
            FROM (VALUES ('a', 100.0), ('near', 90.0), ('far', 80.0), ('prospect', 0.0))
              AS rows(account_id, sales);
            CREATE TABLE fct_account_score_part AS
            SELECT * FROM (VALUES
              ('a', 'complexity', 1, 'cycle', NULL, 0.0, 0.0, true),
              ('a', 'complexity', 2, 'size', 2.0, 0.5, 0.8, false),
              ('a', 'complexity', 3, 'offering', 1.0, 0.5, 0.4, false),
              ('a', 'service_hours', 1, 'average account', 30.0, NULL, 30.0, false),
              ('a', 'service_hours', 2, 'value', 3.0, NULL, 70.0, false),
              ('a', 'potential', 1, 'own sales', 100.0, NULL, 100.0, false),
              ('a', 'potential', 2, 'comparable customers', 300.0, NULL, 200.0, false),
              ('a', 'potential', 3, 'market cap', 0.75, NULL, -50.0, false),
              ('near', 'complexity', 2, 'size', 2.1, NULL, 0.0, false),
              ('far', 'complexity', 2, 'size', 0.5, NULL, 0.0, false),
              ('prospect', 'complexity', 2, 'size', 2.0, NULL, 0.0, false)
            ) AS rows(account_id, score_name, part_number, part_name, part_value, part_weight,
              contribution, is_missing);
            CREATE TABLE kpi_score_quality AS
            SELECT * FROM (VALUES
              ('potential', 'coverage_pct', 'book', 'all', 80.2, 77.0, 83.0, 700, ''),
              ('potential', 'coverage_pct', 'segment', 'Enterprise', 76.9, 69.0, 83.3, 130, ''),
              ('predicted_sales', 'is_fitted', 'book', 'all', 1.0, NULL, NULL, 900, 'By a model')
            ) AS rows(score_name, metric, group_kind, group_name, metric_value, lower_value,
              upper_value, row_count, statement)
            """
        )
        yield connection


def test_every_part_is_told_and_what_is_unknown_is_said(
    release: duckdb.DuckDBPyConnection,
) -> None:
    lines = dict(score_lines(release, ACCOUNT, SCORING))
    assert lines["Complexity"] == (
        "1.20 = cycle 0.00 (unknown) + size 0.80 (2.00 × the book) + offering 0.40 (1.00 × the "
        "book)"
    )
    assert lines["Hours"] == "100.0 h = average account +30.0, value +70.0"
    assert lines["Potential"].startswith("250.0 USD = own sales +100.0, comparable customers +200")
    assert lines["Potential"].endswith("market cap -50.0 [fitted model]")


def test_models_say_how_far_they_are_to_be_trusted(release: duckdb.DuckDBPyConnection) -> None:
    lines = dict(score_lines(release, ACCOUNT, SCORING))
    assert lines["Trust"] == (
        "potential is what 20 % of comparable customers exceed; 77 % of 130 customers of "
        "Enterprise stay below a potential set without them (69 to 83 %)"
    )
    assert lines["Next year"] == (
        "120 USD of sales are likely, 62 % to buy anything; 80 % of accounts like it stay at or "
        "below 190 USD"
    )
    assert lines["Model"] == "By a model"
    small = dict(score_lines(release, {**ACCOUNT, "segment": "Tiny"}, SCORING))
    assert "80 % of 700 customers stay below" in small["Trust"]


def test_comparable_accounts_are_customers_nearest_in_size(
    release: duckdb.DuckDBPyConnection,
) -> None:
    named = [text for label, text in score_lines(release, ACCOUNT, SCORING) if label[0] == "C"][1:]
    assert [text.split(":")[0] for text in named] == ["NEAR", "FAR"]
    assert "size 2.10 × the book, sales 90 USD" in named[0]


def test_what_would_change_the_scores_is_in_numbers(release: duckdb.DuckDBPyConnection) -> None:
    """√1.1 − 1 of 100 h; a quarter of the headroom of 200 does not fit into the market."""
    changes = [text for label, text in score_lines(release, ACCOUNT, SCORING) if "change" in label]
    assert any("10 % more potential: +4.9 h" in text for text in changes)
    assert any("hold only 75 %" in text and "takes 50 USD" in text for text in changes)
    assert any("dates: unknown" in text for text in changes)


def test_sales_above_the_comparable_ones_are_named(release: duckdb.DuckDBPyConnection) -> None:
    release.execute(
        "UPDATE fct_account_score_part SET contribution = 0 "
        "WHERE part_name IN ('comparable customers', 'market cap')"
    )
    changes = [text for label, text in score_lines(release, ACCOUNT, SCORING) if "change" in label]
    assert any("above what comparable customers spend" in text for text in changes)

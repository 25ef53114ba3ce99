"""Feature tables whose truth is known."""

import numpy as np
import polars as pl

from pipelines.scoring.trees import TreeSettings

SETTINGS = TreeSettings(
    trees=40, leaves=6, minimum_leaf_rows=30, learning_rate=0.1, maximum_rows=100_000, seed=7
)
QUANTILE = 0.8
SPREAD = 0.8


def account_features(
    accounts: int,
    seed: int,
    *,
    history_months: int = 24,
    is_noise: bool = False,
    currency: float = 1.0,
) -> tuple[pl.DataFrame, np.ndarray]:
    """`int_account__feature` and the trailing sales of today's rows.

    ln sales = 6 + 0.6 ln employees + 0.5 × industry + N(0, SPREAD); half buy nothing. With
    `is_noise` nothing known of an account says anything of its sales.
    """
    rng = np.random.default_rng(seed)
    employees = np.rint(np.exp(rng.normal(4.5, 1.3, accounts))).clip(1)
    industry = rng.integers(0, 3, accounts)
    level = np.zeros(accounts) if is_noise else 0.6 * np.log(employees) + 0.5 * industry
    is_buyer = rng.random((3, accounts)) < 0.5
    sales = np.exp(6 + level + SPREAD * rng.standard_normal((3, accounts))) * is_buyer * currency
    half = history_months < 24
    moments = []
    for moment, past, outcome in (("training", 0, sales[1]), ("today", 1, None)):
        moments.append(
            pl.DataFrame(
                {
                    "account_id": [f"A{i:05}" for i in range(accounts)],
                    "moment": [moment] * accounts,
                    "fold": np.arange(accounts) % 5,
                    "history_months": [history_months] * accounts,
                    "window_months": [history_months // 2 if half else 12] * accounts,
                    "lookback_months": [12] * accounts,
                    "industry": [f"industry {i}" for i in industry],
                    "segment": np.where(employees < 90, "small", "large").tolist(),
                    "country": ["United States"] * accounts,
                    "employee_count": employees,
                    "annual_revenue_usd": pl.Series([None] * accounts, dtype=pl.Float64),
                    **{
                        name: pl.Series([None] * accounts, dtype=pl.Float64)
                        for name in (
                            "market_employment",
                            "market_establishments",
                            "market_pay_usd",
                            "region_weekly_wage_usd",
                            "region_population_change_pct",
                        )
                    },
                    "past_sales_usd": sales[past],
                    "past_asked_usd": sales[past],
                    "past_won_deals": (sales[past] > 0).astype(int),
                    "past_lost_deals": [0] * accounts,
                    "past_products": (sales[past] > 0).astype(int),
                    "unbought_products": [3] * accounts,
                    "open_deals": [0] * accounts,
                    "logged_hours": [10.0] * accounts,
                    "outcome_usd": pl.Series(
                        [None] * accounts if outcome is None else outcome, dtype=pl.Float64
                    ),
                }
            )
        )
    return pl.concat(moments), sales[1]


def true_quantile(features: pl.DataFrame, currency: float = 1.0) -> np.ndarray:
    """The 0.8 quantile of what a buyer spends, by today's rows."""
    today = features.filter(pl.col("moment") == "today")
    industry = today["industry"].str.split(" ").list.get(1).cast(pl.Int64).to_numpy()
    centre = 6 + 0.6 * np.log(today["employee_count"].to_numpy()) + 0.5 * industry
    return np.exp(centre + 0.8416212335729143 * SPREAD) * currency

"""From a table of features to the matrix of a tree model.

Trees only compare values of a column, so amounts need no logarithm and currency does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

STATIC_NUMBERS = (
    "employee_count",
    "annual_revenue_usd",
    "market_employment",
    "market_establishments",
    "market_pay_usd",
    "region_weekly_wage_usd",
    "region_population_change_pct",
)
CATEGORIES = ("industry", "segment", "country")
# What happened in the months before the feature date, taken to a year.
YEARLY_NUMBERS = (
    "past_sales_usd",
    "past_asked_usd",
    "past_won_deals",
    "past_lost_deals",
    "logged_hours",
)
HISTORY_NUMBERS = (*YEARLY_NUMBERS, "past_products", "unbought_products", "open_deals")
# More of these never means less.
RISING = ("employee_count", "annual_revenue_usd", "past_sales_usd", "past_asked_usd")

# A tree tells at most 255 categories apart.
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Design:
    """The columns of a matrix, and how each is filled.

    Attributes:
        numbers: numeric columns of the feature table.
        categories: each category column with its known values; others count as missing.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns, in order."""
        return (*self.numbers, *self.categories)

    @property
    def is_category(self) -> list[bool]:
        """Which columns hold codes."""
        return [False] * len(self.numbers) + [True] * len(self.categories)

    @property
    def directions(self) -> list[int]:
        """1 for the columns that may only raise a prediction, else 0."""
        return [int(name in RISING) for name in self.columns]

    def matrix(self, table: pl.DataFrame) -> Floats:
        """The rows of `table` as a float matrix, NaN where a value is missing."""
        columns = []
        for name in self.numbers:
            values = table[name].cast(pl.Float64).to_numpy()
            if name in YEARLY_NUMBERS:
                values = values * 12 / table["lookback_months"].cast(pl.Float64).to_numpy()
            columns.append(values)
        for name, known in self.categories.items():
            codes = {value: float(code) for code, value in enumerate(known)}
            columns.append(
                table[name].replace_strict(codes, default=None, return_dtype=pl.Float64).to_numpy()
            )
        return np.column_stack(columns) if columns else np.zeros((table.height, 0))


def design_of(table: pl.DataFrame, *, has_history: bool) -> Design:
    """The design that fits `table`: columns that never vary in it are left out."""
    wanted: Sequence[str] = (*STATIC_NUMBERS, *(HISTORY_NUMBERS if has_history else ()))
    numbers = tuple(name for name in wanted if table[name].drop_nulls().n_unique() > 1)
    categories = {}
    for name in CATEGORIES:
        counts = (
            table[name].drop_nulls().value_counts().sort(["count", name], descending=[True, False])
        )
        known = sorted(counts[name].head(MOST_CATEGORIES).to_list())
        if len(known) > 1:
            categories[name] = tuple(known)
    return Design(numbers, categories)

"""Which accounts or reps a rule of the policy concerns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from optimization.book.tables import Bools, Ints


def matches(text: Mapping[str, pl.Series], conditions: Mapping[Any, Sequence[str]]) -> Bools:
    """Rows whose columns all hold one of the accepted values; all rows without conditions."""
    matched = np.ones(next(iter(text.values())).len(), dtype=bool)
    for column, values in conditions.items():
        matched &= text[column].is_in(list(values)).to_numpy()
    return matched


def codes(column: pl.Series) -> tuple[Ints, list[str]]:
    """Each row's value as an index into the sorted distinct values, and these values."""
    values = column.unique().sort()
    place = pl.DataFrame({"value": values, "code": np.arange(values.len(), dtype=np.int64)})
    coded = (
        column.alias("value").to_frame().join(place, on="value", how="left", maintain_order="left")
    )
    return coded["code"].to_numpy().astype(np.int64), values.to_list()

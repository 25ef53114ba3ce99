"""Table columns as plain values that JSON can carry."""

from collections.abc import Sequence
from typing import Any

import polars as pl


def dictionary(values: Sequence[str | None]) -> dict[str, list[Any]]:
    """`values` as the texts that occur and the position of each; -1 where it is unknown."""
    texts: dict[str, int] = {}
    codes = [-1 if value is None else texts.setdefault(value, len(texts)) for value in values]
    return {"texts": list(texts), "codes": codes}


def plain(values: pl.Series) -> list[Any]:
    """`values` with numbers as JSON has them: DECIMAL as the float that prints the same."""
    if values.dtype.is_decimal():
        values = values.cast(pl.Float64).round(2)
    return values.to_list()


def records(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of `table` with numbers as JSON has them; dates as text."""
    columns = {
        name: plain(table[name].cast(pl.String) if table[name].dtype.is_temporal() else table[name])
        for name in table.columns
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

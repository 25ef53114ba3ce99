"""Facts of the United States that ship with the project; see SOURCES.md beside this file."""

from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parent


@cache
def read_facts(name: str) -> pl.DataFrame:
    """The shipped table `name`: `counties`, `county_business` or `postal_codes`.

    Coordinates come as `latitude` and `longitude` in degrees, rounded to 0.001.
    """
    table = pl.read_parquet(FOLDER / f"{name}.parquet")
    degrees = [column for column in table.columns if column.endswith("_milli")]
    return table.with_columns(
        (pl.col(column) / 1000).alias(column.removesuffix("_milli")) for column in degrees
    ).drop(degrees)

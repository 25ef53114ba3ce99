"""A table as a file somebody asked for: Parquet, or CSV that is safe in a spreadsheet."""

import csv
from collections.abc import Collection
from pathlib import Path

import polars as pl

from pipelines.errors import InputError
from pipelines.publish.moves import neutralised


def write_rows(rows: pl.DataFrame, path: Path, *, untouched: Collection[str] = ()) -> None:
    """Write `rows` to `path`, by its ending as Parquet or else as CSV.

    Args:
        untouched: columns of ids, which a system reads: they stand in a CSV as they are. All other
            texts are kept from coming alive as formulas.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        if path.suffix == ".parquet":
            rows.write_parquet(path)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(rows.columns)
            for row in rows.iter_rows():
                writer.writerow(
                    value if name in untouched else neutralised(value)
                    for name, value in zip(rows.columns, row, strict=True)
                )
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None

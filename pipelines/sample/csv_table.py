"""CSV files written piece by piece, so that a company of any size needs little memory."""

from pathlib import Path

import polars as pl


def us_date(column: str) -> pl.Expr:
    """`column` (Date) as an export of a US organization writes it: MM/DD/YYYY."""
    return pl.col(column).cast(pl.Date).dt.strftime("%m/%d/%Y").alias(column)


class CsvTable:
    """One CSV file: UTF-8, comma, quotes where needed, line feed; header from the first piece."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file = path.open("wb")

    def write(self, frame: pl.DataFrame) -> None:
        """Append `frame`; every piece must have the same columns."""
        frame.write_csv(self._file, include_header=self.rows == 0 and self._file.tell() == 0)
        self.rows += frame.height

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

"""Write the files of an export piece by piece, clean or with known faults and their answer key."""

from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from pipelines.sample.csv_table import CsvTable
from pipelines.sample.faults import DUPLICATE_FILE, DUPLICATE_KIND, DUPLICATE_RATE, FAULTS

ANSWER_KEY = "answer_key.csv"


class ExportFolder:
    """The files of an export, written piece by piece; dirty if it has a random stream.

    Attributes:
        rows: rows written by file name, without headers.
        faults: faults injected by kind.
    """

    def __init__(self, out: Path, rng: np.random.Generator | None) -> None:
        self.out = out
        self.faults: dict[str, int] = {}
        self._rng = rng
        self._tables: dict[str, CsvTable] = {}

    @property
    def rows(self) -> dict[str, int]:
        return {name: table.rows for name, table in self._tables.items()}

    def write(self, name: str, piece: pl.DataFrame) -> None:
        """Append `piece` to the file `name`; its first column is the record id."""
        if name not in self._tables:
            self._tables[name] = CsvTable(self.out / name)
        if self._rng is not None:
            piece, key = self._soil(self._rng, name, piece.cast(pl.String))
            if key.height:
                self._write_key(key)
        self._tables[name].write(piece)

    def _write_key(self, key: pl.DataFrame) -> None:
        if ANSWER_KEY not in self._tables:
            self._tables[ANSWER_KEY] = CsvTable(self.out / ANSWER_KEY)
        self._tables[ANSWER_KEY].write(key)
        for kind, count in key.group_by("kind", maintain_order=True).len().iter_rows():
            self.faults[kind] = self.faults.get(kind, 0) + count

    def _soil(
        self, rng: np.random.Generator, name: str, clean: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """A dirty copy of `clean` (all text) and its answer key; no cell has two faults."""
        first_row = self._tables[name].rows + 1
        record_id, dirty = clean.columns[0], clean
        touched: dict[str, np.ndarray] = {}
        keys = []
        for fault in (fault for fault in FAULTS if fault.file == name):
            before = touched.setdefault(fault.column, np.zeros(clean.height, dtype=bool))
            has_value = clean[fault.column].is_not_null().to_numpy()
            eligible = clean.select(fault.eligible.fill_null(False).alias("is_eligible"))
            # An expression over no column comes as one row.
            possible = np.flatnonzero(eligible["is_eligible"].to_numpy() & has_value & ~before)
            chosen = possible[rng.random(possible.size) < fault.rate]
            if not chosen.size and possible.size and fault.kind not in self.faults:
                chosen = possible[rng.integers(0, possible.size, 1)]
            before[chosen] = True
            is_chosen = np.zeros(clean.height, dtype=bool)
            is_chosen[chosen] = True
            changed = clean.select(
                pl.when(pl.Series(is_chosen)).then(fault.dirty).otherwise(dirty[fault.column])
            ).to_series()
            dirty = dirty.with_columns(changed.alias(fault.column))
            keys.append(
                pl.DataFrame(
                    {
                        "file": pl.repeat(name, chosen.size, eager=True),
                        "row_number": first_row + chosen,
                        "record_id": clean[record_id].gather(chosen),
                        "column": pl.repeat(fault.column, chosen.size, eager=True),
                        "kind": pl.repeat(fault.kind, chosen.size, eager=True),
                        "original": clean[fault.column].gather(chosen),
                        "dirty": changed.gather(chosen),
                    }
                )
            )
        if name == DUPLICATE_FILE:
            dirty, key = self._repeat_rows(rng, name, dirty, first_row)
            keys.append(key)
        return dirty, pl.concat(keys) if keys else pl.DataFrame()

    def _repeat_rows(
        self, rng: np.random.Generator, name: str, dirty: pl.DataFrame, first_row: int
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`dirty` with some rows repeated at its end, and their answer key."""
        chosen = np.flatnonzero(rng.random(dirty.height) < DUPLICATE_RATE)
        if not chosen.size and DUPLICATE_KIND not in self.faults:
            chosen = rng.integers(0, dirty.height, 1)
        copies = dirty[chosen]
        return pl.concat([dirty, copies]), pl.DataFrame(
            {
                "file": pl.repeat(name, chosen.size, eager=True),
                "row_number": first_row + dirty.height + np.arange(chosen.size),
                "record_id": copies.to_series(0),
                "column": pl.repeat(None, chosen.size, dtype=pl.String, eager=True),
                "kind": pl.repeat(DUPLICATE_KIND, chosen.size, eager=True),
                "original": pl.repeat(None, chosen.size, dtype=pl.String, eager=True),
                "dirty": pl.repeat(None, chosen.size, dtype=pl.String, eager=True),
            }
        )

    def __enter__(self) -> "ExportFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for table in self._tables.values():
            table.close()

"""What a kind of defect is, and the moves that injecting one is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]
"""The files of an export by name, every column text."""

Grain = Literal["row", "history", "table"]


class Rows:
    """Which rows of each file already carry a defect: one a row, so that each is told apart."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self._taken: dict[str, set[int]] = {}

    def draw(self, tables: Tables, file: str, eligible: pl.Expr, rate: float) -> np.ndarray:
        """Positions of `rate` of the file's rows, at least 5, among the eligible untouched ones."""
        marked = tables[file].with_columns(eligible.fill_null(False).alias("is_eligible"))
        mask = marked["is_eligible"].to_numpy().copy()
        taken = self._taken.setdefault(file, set())
        mask[[position for position in taken if position < len(mask)]] = False
        free = np.flatnonzero(mask)
        wanted = min(max(round(rate * len(mask)), 5), len(free))
        chosen = np.sort(self.random.choice(free, wanted, replace=False))
        taken.update(int(position) for position in chosen)
        return chosen

    def touch(self, file: str, positions: np.ndarray) -> None:
        """Keep later defects away from `positions`, too."""
        self._taken.setdefault(file, set()).update(int(position) for position in positions)


@dataclass(frozen=True)
class Injected:
    """Where a defect went: row numbers in the file (from 1), or keys of rows that are gone."""

    row_numbers: frozenset[int] = frozenset()
    row_keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kind:
    """One kind of defect.

    Attributes:
        grain: `row` where the row shows it by itself or among the others of its load; `history`
            where only the record's own past shows it; `table` where the table or column as a
            whole is wrong.
        table, columns: what a finding must name; any of `columns` will do.
        rules: findings of these rules count as its detection, no others.
        inject: changes the tables in place and says where.
        wave: kinds of one wave are injected together; those that would hide each other are apart.
    """

    name: str
    grain: Grain
    table: str
    columns: tuple[str, ...]
    rules: tuple[str, ...]
    inject: Callable[[Tables, Rows, float], Injected]
    wave: int = 1
    note: str = field(default="", compare=False)


def numbers(positions: np.ndarray) -> Injected:
    """Positions in a frame as row numbers of its file."""
    return Injected(frozenset(int(position) + 1 for position in positions))


def put(tables: Tables, file: str, column: str, positions: np.ndarray, values: list) -> None:
    """Replace the values of `column` at `positions`."""
    texts = tables[file][column].to_list()
    for position, value in zip(positions, values, strict=True):
        texts[position] = value
    tables[file] = tables[file].with_columns(pl.Series(column, texts, dtype=pl.String))


def at(tables: Tables, file: str, column: str, positions: np.ndarray) -> list:
    """The values of `column` at `positions`."""
    return tables[file][column].gather(positions).to_list()


def change(
    file: str,
    column: str,
    eligible: pl.Expr,
    changed: Callable[[str | None, np.random.Generator], str | None],
) -> Callable[[Tables, Rows, float], Injected]:
    """An injection that replaces single values of one column."""

    def inject(tables: Tables, rows: Rows, rate: float) -> Injected:
        positions = rows.draw(tables, file, eligible, rate)
        values = [changed(value, rows.random) for value in at(tables, file, column, positions)]
        put(tables, file, column, positions, values)
        return numbers(positions)

    return inject

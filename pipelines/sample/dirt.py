"""Known faults for a dirty export, at the rates real data sets show, with an answer key.

Formats are no faults: a mapping file says that dates are US dates or that revenue is in millions.
What is injected here is what a mapping cannot mend.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from pipelines.sample.csv_table import CsvTable
from pipelines.sample.deals import LOST_STAGE, OPEN_STAGES, WON_STAGE
from pipelines.sample.ownership import UNOWNED_SHARE

ANSWER_KEY = "answer_key.csv"
DUPLICATE_KIND = "exact_duplicate"
# GeoNames postal codes: 2 repeated rows in 41,490.
DUPLICATE_FILE, DUPLICATE_RATE = "accounts.csv", 2 / 41_490

ALWAYS = pl.lit(True)
CITY = pl.col("Billing City")
IS_OPEN = pl.col("Stage").is_in(OPEN_STAGES)
NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column.

    Attributes:
        rate: share of the eligible rows; every kind appears at least once where a row is eligible.
        eligible: which rows may have it, over the columns of the file as text.
        dirty: the value it leaves.
    """

    kind: str
    file: str
    column: str
    rate: float
    eligible: pl.Expr
    dirty: pl.Expr


FAULTS = (
    # Maven: all 12 accounts of the sector read `technolgy`, 1 of 85 countries `Philipines`.
    Fault(
        "misspelled_category",
        "accounts.csv",
        "Industry",
        1.0,
        pl.col("Industry") == "Technology",
        pl.lit("Technolgy"),
    ),
    Fault(
        "misspelled_country",
        "accounts.csv",
        "Billing Country",
        1 / 85,
        ALWAYS,
        pl.lit("Unted States"),
    ),
    # classicmodels: 22 of 122 customers have no sales rep; 5 % of ours have none anyway.
    Fault(
        "missing_owner",
        "accounts.csv",
        "Account Owner ID",
        (22 / 122 - UNOWNED_SHARE) / (1 - UNOWNED_SHARE),
        ALWAYS,
        NOTHING,
    ),
    # Inc. 5000: 7.4 % of cities match no postal city, for the five reasons named there.
    Fault(
        "city_lower_case", "accounts.csv", "Billing City", 0.025, ALWAYS, CITY.str.to_lowercase()
    ),
    Fault(
        "city_with_state",
        "accounts.csv",
        "Billing City",
        0.025,
        ALWAYS,
        CITY + ", " + pl.col("Billing State/Province"),
    ),
    Fault(
        "city_abbreviated",
        "accounts.csv",
        "Billing City",
        0.010,
        CITY.str.len_chars() > 8,
        CITY.str.to_uppercase().str.head(2)
        + CITY.str.to_uppercase().str.slice(2).str.replace_all("[AEIOU]", ""),
    ),
    Fault(
        "city_typo",
        "accounts.csv",
        "Billing City",
        0.012,
        CITY.str.len_chars() > 4,
        CITY.str.head(2) + CITY.str.slice(3),
    ),
    Fault(
        "wrong_state",
        "accounts.csv",
        "Billing State/Province",
        0.002,
        pl.col("Billing State/Province") != "NE",
        pl.lit("NE"),
    ),
    # Inc. 5000: employees missing on 1 and zero on 4 of 5,012 firms.
    Fault("missing_employees", "accounts.csv", "Employees", 1 / 5_012, ALWAYS, NOTHING),
    Fault("zero_employees", "accounts.csv", "Employees", 4 / 5_012, ALWAYS, pl.lit("0")),
    # HUD crosswalk: every code that begins with zero lost it.
    Fault(
        "lost_leading_zero",
        "accounts.csv",
        "Billing Zip/Postal Code",
        1.0,
        pl.col("Billing Zip/Postal Code").str.starts_with("0"),
        pl.col("Billing Zip/Postal Code").str.strip_chars_start("0"),
    ),
    # Maven: all 1,480 deals of `GTX Pro` say `GTXPro`.
    Fault(
        "product_code_variant",
        "opportunities.csv",
        "Product Code",
        1.0,
        pl.col("Product Code") == "NT 60",
        pl.lit("NT60"),
    ),
    # Maven: 1,425 of 2,089 open deals have no account, none of 500 prospects an opening date, and
    # all 2,473 lost deals an amount of 0.
    Fault("missing_account", "opportunities.csv", "Account ID", 1_425 / 2_089, IS_OPEN, NOTHING),
    Fault(
        "missing_opened_date",
        "opportunities.csv",
        "Created Date",
        1.0,
        pl.col("Stage") == "Prospecting",
        NOTHING,
    ),
    Fault(
        "lost_amount_zero",
        "opportunities.csv",
        "Amount",
        1.0,
        pl.col("Stage") == LOST_STAGE,
        pl.lit("0.00"),
    ),
    # Salesforce seeds show these three, but are too small for a rate: 0.2 % is an assumption.
    Fault(
        "won_without_amount",
        "opportunities.csv",
        "Amount",
        0.002,
        pl.col("Stage") == WON_STAGE,
        NOTHING,
    ),
    Fault(
        "date_with_time",
        "opportunities.csv",
        "Close Date",
        0.002,
        pl.col("Close Date").is_not_null(),
        pl.col("Close Date") + " 00:00:00",
    ),
    Fault(
        "truncated_id",
        "opportunities.csv",
        "Owner ID",
        0.002,
        pl.col("Owner ID").is_not_null(),
        pl.col("Owner ID").str.head(17),
    ),
    # classicmodels: 1 of 23 job titles is misspelled; the territory of North America is `NA`.
    Fault(
        "misspelled_title",
        "users.csv",
        "Title",
        1 / 23,
        pl.col("Title").str.contains("Sales Manager", literal=True),
        pl.col("Title").str.replace("Sales", "Sale", literal=True),
    ),
    Fault(
        "null_like_text",
        "users.csv",
        "Region",
        1.0,
        pl.col("Region") == "Northeast",
        pl.lit("NA"),
    ),
)


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

"""Drive times between zones: reading the file, and as arrays by zone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from optimization.book.filters import codes
from optimization.book.tables import AccountArrays, Floats, Ints, RepArrays
from optimization.errors import PlanInputError, nearest
from optimization.finding import Finding
from optimization.policy import Policy

NEEDED, OPTIONAL = ("from_zone", "to_zone", "hours"), "km"
# Cells of zones x zones kept: two matrices of 50 million doubles are 800 MB.
MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class Trips:
    """One-way trips from rep zones to account zones; see `PairInputs`."""

    zone: Ints  # (n) row of the matrices, -1: no zone of the matrix
    rep_zone: Ints  # (J) column
    hours: Floats  # (Z, Y) NaN: not listed
    km: Floats  # (Z, Y) NaN: hours x speed


def read_travel_matrix(path: Path | str) -> pl.DataFrame:
    """The drive-time file of `policy.travel.matrix`: from_zone, to_zone, hours and optionally km.

    Raises:
        PlanInputError: the file is missing or no CSV, a column is missing, or a value is no
            number; the message names file, row and column.
    """
    file = Path(path)
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except FileNotFoundError:
        siblings = sorted(p.name for p in file.parent.glob("*.csv")) if file.parent.is_dir() else []
        raise PlanInputError(
            f"{file}: no such travel matrix{nearest(file.name, siblings)}; set travel.matrix.file"
        ) from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PlanInputError(f"{file}: cannot be read as CSV: {str(error)[:200]}") from None
    for column in NEEDED:
        if column not in frame.columns:
            hint = nearest(column, frame.columns)
            raise PlanInputError(f"{file}: column {column} is missing{hint}")
    for column in ("hours", OPTIONAL):
        if column in frame.columns:
            frame = frame.with_columns(_as_numbers(frame[column], file))
    return frame


def _as_numbers(column: pl.Series, file: Path) -> pl.Series:
    numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & column.is_not_null()).arg_true()
    if wrong.len():
        row = wrong[0]
        raise PlanInputError(
            f"{file}, row {row + 2}, column {column.name}: '{column[row]}' is no number"
        )
    return numbers


def build_trips(
    accounts: AccountArrays, reps: RepArrays, policy: Policy, matrix: pl.DataFrame | None
) -> tuple[Trips, list[Finding]]:
    """The matrix by zone of account and rep; empty without one.

    Raises:
        PlanInputError: matrix and policy do not fit, a pair of zones stands twice, a time is
            missing or negative, or the matrix is too large.
    """
    block = policy.travel.matrix
    if block is None:
        if matrix is not None:
            raise PlanInputError(
                "a travel matrix was given, but the policy has no travel.matrix block that says "
                "which columns hold the zones"
            )
        nowhere = np.zeros((0, 0))
        return Trips(_none(len(accounts)), _none(len(reps)), nowhere, nowhere), []
    if matrix is None:
        raise PlanInputError(
            f"policy travel.matrix names {block.file}, but no travel matrix was given"
        )
    frame = _checked(matrix, block.file)
    zones, rep_zones = (
        frame[name].unique().sort().rename("zone") for name in ("to_zone", "from_zone")
    )
    zone = _places(accounts.text[block.account_zone], zones)
    rep_zone = _places(reps.text[block.rep_zone], rep_zones)
    if zones.len() * rep_zones.len() > MOST_CELLS:
        raise PlanInputError(
            f"{block.file}: {zones.len():,} x {rep_zones.len():,} zones are more than the "
            f"{MOST_CELLS:,} pairs that fit in memory; use coarser zones"
        )
    cell = (_places(frame["to_zone"], zones), _places(frame["from_zone"], rep_zones))
    hours = np.full((zones.len(), rep_zones.len()), np.nan)
    km = hours.copy()
    hours[cell] = frame["hours"].to_numpy()
    km[cell] = frame["km"].fill_null(float("nan")).to_numpy()
    return Trips(zone, rep_zone, hours, km), _unlisted(zone, rep_zone, block.file)


def _checked(matrix: pl.DataFrame, file: str) -> pl.DataFrame:
    for column in NEEDED:
        if column not in matrix.columns:
            raise PlanInputError(f"{file}: column {column} is missing")
    if OPTIONAL not in matrix.columns:
        matrix = matrix.with_columns(pl.lit(None, dtype=pl.Float64).alias(OPTIONAL))
    frame = matrix.select(
        pl.col("from_zone", "to_zone").cast(pl.String).str.strip_chars(),
        pl.col("hours", OPTIONAL).cast(pl.Float64),
    )
    for column in ("from_zone", "to_zone"):
        empty = (frame[column].is_null() | (frame[column] == "")).arg_true()
        if empty.len():
            raise PlanInputError(f"{file}, row {empty[0] + 2}: {column} is empty")
    for column, missing in (("hours", False), (OPTIONAL, True)):
        good = frame[column].is_finite() & (frame[column] >= 0)
        wrong = (~good.fill_null(missing)).arg_true()
        if wrong.len():
            raise PlanInputError(
                f"{file}, row {wrong[0] + 2}: {column} must be a number of at least 0, found "
                f"{frame[column][wrong[0]]}"
            )
    twice = frame.select("from_zone", "to_zone").is_duplicated().arg_true()
    if twice.len():
        one = frame.row(twice[0], named=True)
        raise PlanInputError(
            f"{file}, row {twice[1] + 2 if twice.len() > 1 else twice[0] + 2}: the pair "
            f"{one['from_zone']} to {one['to_zone']} stands more than once; keep one"
        )
    return frame


def _places(values: pl.Series, zones: pl.Series) -> Ints:
    """Index of each value among the zones, -1 where it is none."""
    code, names = codes(values)
    known = pl.DataFrame({"zone": zones, "place": np.arange(zones.len(), dtype=np.int64)})
    found = (
        pl.Series("zone", names, dtype=pl.String)
        .to_frame()
        .join(known, on="zone", how="left", maintain_order="left")
    )
    place: Ints = found["place"].fill_null(-1).to_numpy().astype(np.int64)
    return place[code]


def _none(size: int) -> Ints:
    return np.full(size, -1)


def _unlisted(zone: Ints, rep_zone: Ints, file: str) -> list[Finding]:
    findings = []
    for places, rule, kind in (
        (zone, "account_zone_not_listed", "account(s)"),
        (rep_zone, "rep_zone_not_listed", "rep(s)"),
    ):
        missing = int((places < 0).sum())
        if missing:
            text = f"{missing} {kind} lie in zones that {file} does not list; great circles count"
            findings.append(Finding("info", rule, None, missing, text))
    return findings

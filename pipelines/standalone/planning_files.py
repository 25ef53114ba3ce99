"""Reading files of planning tables, CSV or Parquet, and telling which is which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import ConfigurationError, InputError, near, quote
from pipelines.stages.planner import PlanningTables, read_matrix, travel_matrix_path
from pipelines.standalone.columns import (
    ACCOUNTS,
    LOCK_FACTS,
    OVERRIDES,
    REPS,
    TableColumns,
    completed_accounts,
    completed_overrides,
    completed_reps,
    typed,
)

if TYPE_CHECKING:
    from optimization import Policy

TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
POLICY_SUFFIXES = (".yaml", ".yml")
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class PlanningFiles:
    """The files of one plan."""

    accounts: Path | None = None
    reps: Path | None = None
    overrides: Path | None = None
    policy: Path | None = None
    travel_matrix: Path | None = None


def recognise(files: Sequence[Path], given: PlanningFiles) -> PlanningFiles:
    """`given` with the roles of `files`, each told by its suffix or its columns.

    Raises:
        InputError: a file is none of the tables, or two files are the same one.
    """
    found = given
    for file in files:
        role = _role(file)
        taken = getattr(found, role)
        if taken is not None:
            raise InputError(
                f"{file}: looks like the {_words(role)}, but so does {taken}; name each file with "
                "its own option (--accounts, --reps, --overrides, --policy, --travel-matrix)"
            )
        found = replace(found, **{role: file})
    for role in ("accounts", "reps"):
        if getattr(found, role) is None:
            raise InputError(f"the {_words(role)} are missing; name their file with --{role}")
    return found


def planning_inputs(
    files: PlanningFiles, as_of: date | None
) -> tuple[PlanningTables, "Policy", str]:
    """The planning tables, the policy (the default one without a file), and what to call it.

    Raises:
        ConfigurationError: the policy cannot be read.
        InputError: a table cannot be read; the message names file, row and column.
    """
    from optimization import Policy, PolicyError, load_policy

    try:
        policy = Policy() if files.policy is None else load_policy(files.policy)
    except PolicyError as error:
        raise ConfigurationError(str(error)) from None
    tables = read_planning_files(files, policy, as_of)
    return tables, policy, str(files.policy or "default policy")


def read_planning_files(
    files: PlanningFiles, policy: "Policy", as_of: date | None
) -> PlanningTables:
    """The planning tables of `files`, complete and typed, in the order of their keys.

    Overrides that have expired on `as_of` are left out. A file of drive times is the one given,
    else the one the policy names.

    Raises:
        InputError: a file cannot be read, or a column is missing or holds a value that is not of
            its type; the message names file, row and column.
    """
    assert files.accounts is not None
    assert files.reps is not None
    accounts = _typed(read_table(files.accounts), ACCOUNTS, files.accounts)
    accounts = _typed(accounts, LOCK_FACTS, files.accounts)
    reps = _typed(read_table(files.reps), REPS, files.reps)
    overrides = None
    if files.overrides is not None:
        overrides = _typed(read_table(files.overrides), OVERRIDES, files.overrides)
        overrides = _in_force(overrides, as_of, files.overrides)
    matrix = files.travel_matrix
    if matrix is None and files.policy is not None:
        matrix = travel_matrix_path(policy, files.policy)
    return PlanningTables(
        accounts=completed_accounts(accounts).sort("account_id"),
        reps=completed_reps(reps).sort("rep_id"),
        overrides=completed_overrides(overrides).sort("account_id", "action", "rep_id", "group_id"),
        travel_matrix=read_matrix(matrix),
        as_of=as_of,
    )


def _role(file: Path) -> str:
    if file.suffix.lower() in POLICY_SUFFIXES:
        return "policy"
    columns = set(read_table(file, rows=0).columns)
    if {"from_zone", "to_zone", "hours"} <= columns:
        return "travel_matrix"
    if {"account_id", "action"} <= columns:
        return "overrides"
    if {"account_id", "service_hours"} <= columns:
        return "accounts"
    if {"rep_id", "capacity_hours"} <= columns:
        return "reps"
    raise InputError(
        f"{file}: is none of the planning tables: accounts need account_id and service_hours, reps "
        "rep_id and capacity_hours, overrides account_id and action, drive times from_zone, "
        f"to_zone and hours; found {', '.join(sorted(columns)[:12]) or 'no columns'}"
    )


def _words(role: str) -> str:
    return {"travel_matrix": "drive times"}.get(role, role)


def read_table(file: Path, rows: int | None = None) -> pl.DataFrame:
    """The table in `file`, at most `rows` of it; of text files everything is text."""
    suffix = file.suffix.lower()
    try:
        if suffix == ".parquet":
            return pl.read_parquet(file, n_rows=rows)
        if suffix in TABLE_SUFFIXES:
            separator = "\t" if suffix == ".tsv" else ","
            frame = pl.read_csv(file, infer_schema=False, n_rows=rows, separator=separator)
            return frame.with_columns(pl.all().str.strip_chars().replace("", None))
    except FileNotFoundError:
        folder = file.parent
        siblings = [p.name for p in sorted(folder.iterdir())] if folder.is_dir() else []
        raise InputError(f"{file}: no such file{near(file.name, siblings)}") from None
    except pl.exceptions.NoDataError:
        raise InputError(f"{file}: is empty; it needs at least a row of headings") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{file}: cannot be read: {quote(str(error))}") from None
    raise InputError(f"{file}: is no CSV, TSV or Parquet file; name it so, or convert it")


def _typed(frame: pl.DataFrame, columns: TableColumns, file: Path) -> pl.DataFrame:
    """`frame` with the known columns in their types, or InputError naming row and column."""
    for name in columns.needed:
        if name not in frame.columns:
            hint = near(name, frame.columns)
            raise InputError(f"{file}: column '{name}' is missing{hint}")
    for name, kind in typed(frame, columns).items():
        frame = frame.with_columns(_column(frame[name], kind, file))
    return frame


def _column(column: pl.Series, kind: type[pl.DataType], file: Path) -> pl.Series:
    if column.dtype == kind:
        return column
    if kind == pl.Boolean and column.dtype == pl.String:
        small = column.str.to_lowercase()
        meanings = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
        cast = small.replace_strict(meanings, default=None, return_dtype=pl.Boolean)
    else:
        cast = column.cast(kind, strict=False)
    wrong = (cast.is_null() & column.is_not_null()).arg_true()
    if wrong.len():
        row = wrong[0]
        wanted = {pl.Float64: "a number", pl.Boolean: "true or false"}.get(kind, "text")
        raise InputError(
            f"{file}, row {row + 2}, column '{column.name}': {quote(column[row])} is not {wanted} "
            f"({wrong.len()} such values)"
        )
    return cast


def _in_force(overrides: pl.DataFrame, as_of: date | None, file: Path) -> pl.DataFrame:
    """The overrides that hold on `as_of`."""
    if "expires_date" not in overrides.columns:
        return overrides
    text = overrides["expires_date"]
    dates = text.str.to_date("%Y-%m-%d", strict=False)
    wrong = (dates.is_null() & text.is_not_null()).arg_true()
    if wrong.len():
        raise InputError(
            f"{file}, row {wrong[0] + 2}, column 'expires_date': {quote(text[wrong[0]])} is not a "
            "date such as 2026-06-30"
        )
    if as_of is None and dates.is_not_null().any():
        raise InputError(
            f"{file}: overrides expire, but the planning date is not known; add --as-of YYYY-MM-DD"
        )
    return overrides if as_of is None else overrides.filter(dates.is_null() | (dates >= as_of))

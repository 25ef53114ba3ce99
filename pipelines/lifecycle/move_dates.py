"""Dated moves: a file of accounts that change their owner later than on the plan's first day."""

import csv
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.errors import InputError, near, quote

COLUMNS = ("account_id", "move_date")


def read_move_dates(path: Path, assignment: pl.DataFrame, first_day: date) -> dict[str, date]:
    """The day of each account named in the CSV file `path`: `account_id,move_date`, ISO dates.

    Raises:
        InputError: the file cannot be read, or a row names an account the plan does not have, one
            that is listed twice, or a day before the plan's first one.
    """
    known = set(assignment["account_id"].to_list())
    found: dict[str, date] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: column {missing[0]} is missing", column_name=missing[0])
            for number, row in enumerate(reader, start=1):
                account = row["account_id"] or ""
                where = f"{path}: row {number}: "
                if account not in known:
                    raise InputError(
                        f"{where}account_id {quote(account)} is not in the plan"
                        f"{near(account, known)}"
                    )
                if account in found:
                    raise InputError(f"{where}account_id {quote(account)} is listed twice")
                found[account] = _day(row["move_date"] or "", where, first_day)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    return found


def _day(text: str, where: str, first_day: date) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{where}move_date {quote(text)} is no date; write it as 2026-10-15"
        ) from None
    if day < first_day:
        raise InputError(f"{where}move_date {day} is before the plan's first day, {first_day}")
    return day

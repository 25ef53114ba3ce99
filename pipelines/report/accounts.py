"""Accounts as the report carries them: one column each, repeated texts once, places on the map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from pipelines.report.columns import dictionary, plain
from pipelines.report.projection import Frame

# Up to here every account is in the report (350 bytes each, 10 MB); beyond, the map shows counts
# and the lists the accounts with the most sales.
DETAILED_ACCOUNTS = 30_000
LARGEST_MOVES = 8_000
LARGEST_KEPT_OF_A_REP = 20
LARGEST_LISTED = 20_000

# Side of a cell of the map where accounts are counted, in units of a tenth of a pixel.
CELL_UNITS = 60

KEPT, MOVED, LEFT_REP, NEW, WITHOUT_OWNER = range(5)
"""What happens to an account: stays, changes its rep, loses a rep who left, is new, has no rep."""


def with_change(accounts: pl.DataFrame) -> pl.DataFrame:
    """`accounts` with the column `change`, one of the codes above."""
    return accounts.with_columns(
        change=pl.when(pl.col("is_unassigned").fill_null(False))
        .then(WITHOUT_OWNER)
        .when(pl.col("is_moved").fill_null(False))
        .then(MOVED)
        .when(pl.col("is_forced_move").fill_null(False))
        .then(LEFT_REP)
        .when(pl.col("is_new_assignment").fill_null(False))
        .then(NEW)
        .otherwise(KEPT)
        .cast(pl.Int32)
    )


def listed(accounts: pl.DataFrame) -> pl.DataFrame:
    """The accounts shown one by one: all, or those whose move or sales matter most.

    accounts: with `change`, the most sales first.
    """
    if len(accounts) <= DETAILED_ACCOUNTS:
        return accounts
    numbered = accounts.with_columns(
        place_of_change=pl.col("account_id").cum_count().over(pl.col("change") == KEPT),
        place_with_rep=pl.col("account_id").cum_count().over("rep_id", pl.col("change") == KEPT),
    )
    is_kept = pl.col("change") == KEPT
    return (
        numbered.filter(
            (~is_kept & (pl.col("place_of_change") <= LARGEST_MOVES))
            | (is_kept & (pl.col("place_with_rep") <= LARGEST_KEPT_OF_A_REP))
        )
        .drop("place_of_change", "place_with_rep")
        .head(LARGEST_LISTED)
    )


def account_columns(
    accounts: pl.DataFrame, rep_ids: Sequence[str], frame: Frame, owners: pl.DataFrame
) -> dict[str, list[Any] | dict[str, list[Any]]]:
    """The listed accounts by column.

    Args:
        accounts: with `change`.
        rep_ids: the reps of the report; accounts name them by position, -1 is nobody, and -2, -3, …
            are those who are not in the plan, in the order of `others`: each a name and what is
            known of whom.
        owners: rep_id, rep_name and has_left of those who are not in the plan.
    """
    place = _whole(frame.place(*_degrees(accounts)))
    result: dict[str, list[Any] | dict[str, list[Any]]] = {
        "id": accounts["account_id"].to_list(),
        "name": accounts["account_name"].to_list(),
        "x": [row[0] for row in place],
        "y": [row[1] for row in place],
        "change": accounts["change"].to_list(),
        "is_locked": [int(bool(value)) for value in accounts["is_locked"].to_list()],
    }
    position = {rep: index for index, rep in enumerate(rep_ids)}
    others: dict[str, int] = {}
    for name, column in (
        ("rep", "rep_id"),
        ("previous", "previous_rep_id"),
        ("runner_up", "runner_up_rep_id"),
    ):
        result[name] = [
            -1
            if rep is None
            else position[rep]
            if rep in position
            else -2 - others.setdefault(rep, len(others))
            for rep in accounts[column].to_list()
        ]
    known = {rep: (name, has_left) for rep, name, has_left in owners.iter_rows()}
    result["others"] = [_other(rep, known) for rep in others]
    for column in (
        *("actual_sales_usd", "potential_usd", "service_hours", "travel_hours"),
        *("runner_up_delta_usd", "expected_disruption_loss_usd"),
    ):
        result[column] = plain(accounts[column])
    for column in ("reason", "industry", "segment", "state"):
        result[column] = dictionary(accounts[column].to_list())
    return result


def _other(rep_id: str, known: Mapping[str, tuple[str, bool]]) -> list[str]:
    """The name of somebody who is not in the plan, and why."""
    if rep_id not in known:
        return [rep_id, "not listed in the CRM"]
    name, has_left = known[rep_id]
    return [name, "left" if has_left else "not in the plan"]


def cells(accounts: pl.DataFrame, rep_ids: Sequence[str], frame: Frame) -> list[list[int]]:
    """Where there are too many accounts to draw: x, y, rep and count of each cell of the map."""
    place = frame.place(*_degrees(accounts))
    position = {rep: index for index, rep in enumerate(rep_ids)}
    counted = (
        pl.DataFrame(
            {
                "x": np.floor(place[:, 0] / CELL_UNITS),
                "y": np.floor(place[:, 1] / CELL_UNITS),
                "rep": [position.get(rep, -1) for rep in accounts["rep_id"].to_list()],
            }
        )
        .filter(pl.col("x").is_finite() & pl.col("y").is_finite())
        .group_by("x", "y", "rep")
        .len()
        # The rep with most accounts in a cell gives it its colour, all accounts its size.
        .sort("x", "y", "len", "rep", descending=[False, False, True, False])
        .group_by("x", "y", maintain_order=True)
        .agg(pl.col("rep").first(), pl.col("len").sum())
    )
    half = CELL_UNITS // 2
    return [
        [int(x) * CELL_UNITS + half, int(y) * CELL_UNITS + half, int(rep), int(count)]
        for x, y, rep, count in counted.iter_rows()
    ]


def _degrees(accounts: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return (
        accounts["longitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        accounts["latitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
    )


def _whole(place: np.ndarray) -> list[tuple[int | None, int | None]]:
    return [
        (None, None) if not np.isfinite(x + y) else (round(float(x)), round(float(y)))
        for x, y in place
    ]

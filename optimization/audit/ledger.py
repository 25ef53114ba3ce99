"""The planning tables as plain columns: sorted, unknowns spelled out, ids turned into positions.

Reps are numbered by rep_id; nobody is J, one past the last rep, and anything unknown -1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from optimization.policy import Policy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ACCOUNT_TEXT = ("family_id", "segment", "industry", "country", "state", "owner_rep_id")
# Amounts and what stands for an unknown one; NaN says that the unknown stays unknown.
ACCOUNT_NUMBERS = {
    "service_hours": 0.0,
    "visits_per_year": 0.0,
    "actual_sales_usd": 0.0,
    "potential_usd": float("nan"),
    "complexity_score": 1.0,
    "tenure_months": float("nan"),
    "latitude": float("nan"),
    "longitude": float("nan"),
    "open_deal_probability_pct": float("nan"),
    "days_to_renewal": float("nan"),
    "days_since_owner_change": float("nan"),
}
REP_TEXT = ("rep_name", "manager_id", "region", "country", "experience_level", "skill_industries")
REP_NUMBERS = {
    "experience_multiplier": 1.0,
    "capacity_hours": 0.0,
    "effective_capacity_hours": 0.0,
    "fte_share": 1.0,
    "ramp_share": 1.0,
    "latitude": float("nan"),
    "longitude": float("nan"),
}
OVERRIDE_TEXT = ("account_id", "action", "rep_id", "group_id")


@dataclass(frozen=True)
class Ledger:
    """n accounts by account_id and J reps by rep_id, text '' and numbers as above where unknown."""

    policy: Policy
    as_of: date | None
    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    matrix: pl.DataFrame | None  # from_zone, to_zone, hours, km

    @classmethod
    def read(
        cls,
        accounts: pl.DataFrame,
        reps: pl.DataFrame,
        overrides: pl.DataFrame,
        policy: Policy,
        as_of: date | None,
        travel_matrix: pl.DataFrame | None,
    ) -> "Ledger":
        """Sort the tables and fill what they leave out."""
        team = _columns(reps, ("rep_id", *REP_TEXT), REP_NUMBERS).sort("rep_id")
        book = _columns(
            accounts, ("account_id", *ACCOUNT_TEXT, "incumbent_rep_id"), ACCOUNT_NUMBERS
        )
        strategic = (
            accounts["is_strategic"].cast(pl.Boolean)
            if "is_strategic" in accounts.columns
            else pl.Series("is_strategic", [None], dtype=pl.Boolean).new_from_index(0, book.height)
        )
        book = book.with_columns(
            strategic.alias("is_strategic"),
            pl.col("potential_usd").fill_nan(pl.col("actual_sales_usd")),
            account_count=pl.lit(1.0),
        ).sort("account_id")
        manual = _columns(overrides, OVERRIDE_TEXT, {}).with_columns(
            pl.col("action").str.strip_chars().str.to_lowercase(),
            pl.col("group_id").str.strip_chars(),
        )
        return cls(
            policy, as_of, book, team, manual, travel_matrix if policy.travel.matrix else None
        )

    @property
    def account_count(self) -> int:
        return self.accounts.height

    @property
    def rep_count(self) -> int:
        return self.reps.height

    @property
    def ids(self) -> pl.Series:
        """account_id of every account."""
        return self.accounts["account_id"]

    @property
    def rep_ids(self) -> list[str]:
        return self.reps["rep_id"].to_list()

    @cached_property
    def incumbent(self) -> Ints:
        """(n) today's owner where that is an active rep of the plan, else -1."""
        return positions(self.accounts["incumbent_rep_id"], self.reps["rep_id"])

    def amount(self, column: str) -> Floats:
        """(n) a number of each account."""
        return self.accounts[column].to_numpy()

    def of_reps(self, column: str) -> Floats:
        """(J) a number of each rep."""
        return self.reps[column].to_numpy()

    def matching(self, conditions: Mapping[Any, Sequence[str]]) -> Bools:
        """(n) accounts whose columns all have one of the accepted values."""
        return _matching(self.accounts, conditions)

    def matching_reps(self, conditions: Mapping[Any, Sequence[str]]) -> Bools:
        """(J) reps whose columns all have one of the accepted values."""
        return _matching(self.reps, conditions)

    @cached_property
    def industries(self) -> list[str]:
        """Every industry of an account, '' for the unknown."""
        return self.accounts["industry"].unique().sort().to_list()

    @cached_property
    def industry(self) -> Ints:
        """(n) place of each account's industry in `industries`."""
        return positions(self.accounts["industry"], pl.Series(self.industries, dtype=pl.String))

    @cached_property
    def skills(self) -> list[set[str]]:
        """Industries each rep knows."""
        return [
            {part.strip() for part in text.split("|")} - {""}
            for text in self.reps["skill_industries"].to_list()
        ]

    @cached_property
    def is_known(self) -> Bools:
        """(industries, J) whether the rep lists the industry among the skills."""
        known = [[industry in mine for mine in self.skills] for industry in self.industries]
        return np.array(known, dtype=bool).reshape(len(self.industries), self.rep_count)

    @cached_property
    def is_stranger(self) -> Bools:
        """(industries, J) whether the rep has skills, but not this known industry's."""
        has_skills = np.array([bool(mine) for mine in self.skills], dtype=bool)
        has_industry = np.array([bool(industry) for industry in self.industries], dtype=bool)
        return ~self.is_known & has_skills[None, :] & has_industry[:, None]


def positions(values: pl.Series, known: pl.Series) -> Ints:
    """Place of each value in `known`, -1 where it does not stand there."""
    if known.len() == 0:
        return np.full(values.len(), -1, dtype=np.int64)
    place = pl.Series(np.arange(known.len()), dtype=pl.Int64)
    found = values.cast(pl.String).replace_strict(known, place, default=-1, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy()


def _matching(frame: pl.DataFrame, conditions: Mapping[Any, Sequence[str]]) -> Bools:
    matched = np.ones(frame.height, dtype=bool)
    for column, accepted in conditions.items():
        matched &= frame[column].is_in(list(accepted)).to_numpy()
    return matched


def _columns(frame: pl.DataFrame, text: tuple[str, ...], numbers: dict[str, float]) -> pl.DataFrame:
    """Text and numbers of a table; a column that it lacks is unknown throughout."""
    return frame.select(
        *(
            pl.col(name).cast(pl.String).fill_null("")
            if name in frame.columns
            else pl.lit("").alias(name)
            for name in text
        ),
        *(
            pl.col(name).cast(pl.Float64).fill_null(missing).fill_nan(missing)
            if name in frame.columns
            else pl.lit(missing).alias(name)
            for name, missing in numbers.items()
        ),
    )

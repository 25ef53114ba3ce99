"""A plan of a few accounts with a second role over it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from optimization import Policy
from optimization.audit.overlay import OverlayBook
from optimization.overlay.plan import PlannedOverlay, plan_overlay
from optimization.overlay.problem import OverlayProblem, PrimaryPlan, overlay_problem
from tests.book.tiny_book import REP_SCHEMA, Tables, rep

NOBODY = pl.DataFrame(schema={"account_id": pl.String, "rep_id": pl.String})


def engineer(rep_id: str, role: str = "Sales Engineer", **columns: Any) -> dict[str, Any]:
    """A rep of a second role, 1,000 hours in Kansas City."""
    return rep(rep_id, **columns) | {"role": role}


def engineers(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=REP_SCHEMA | {"role": pl.String})


def on_team(**rep_of: str) -> pl.DataFrame:
    """account_id=rep_id: who is on the account's team today."""
    return pl.DataFrame(list(rep_of.items()), schema=NOBODY.schema, orient="row")


@dataclass(frozen=True)
class Company:
    """Planning tables with owners as given: every account stays with its owner."""

    book: Tables
    overlay_reps: pl.DataFrame
    members: pl.DataFrame
    policy: Policy
    assignment: pl.DataFrame

    @property
    def audited(self) -> OverlayBook:
        book = self.book
        return OverlayBook(
            book.accounts, book.reps, self.overlay_reps, self.members, self.assignment
        )

    def problem(self, at: int = 0) -> OverlayProblem:
        primary = PrimaryPlan(self.book.accounts, self.book.reps, self.assignment, self.policy)
        return overlay_problem(primary, self.overlay_reps, self.members, self.policy.overlays[at])

    def planned(self, at: int = 0) -> PlannedOverlay:
        return plan_overlay(self.problem(at))


def company(
    book: Tables,
    *overlays: dict[str, Any],
    reps: pl.DataFrame | None = None,
    members: pl.DataFrame = NOBODY,
    **blocks: Any,
) -> Company:
    """The plan keeps every account with its owner; accounts without one are left out."""
    policy = Policy.model_validate(
        {"metrics": [], "overlays": list(overlays), "solver": {"rel_gap_pct": 0}, **blocks}
    )
    assignment = book.accounts.select("account_id", rep_id="incumbent_rep_id")
    return Company(book, engineers() if reps is None else reps, members, policy, assignment)

"""Manual decisions about single accounts, checked and resolved to indices."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from optimization.book.tables import AccountArrays, RepArrays
from optimization.errors import PlanInputError, nearest
from optimization.finding import Finding

OVERRIDE_TABLE = "stg_plan__override"
OF_ONE_ACCOUNT = ("lock", "assign", "forbid")
OF_A_GROUP = ("together", "separate")


@dataclass(frozen=True)
class Override:
    """One manual decision about one account; `row` counts from 1 in the order of the file.

    is_known_rep: the source knows the rep, in the team or no longer.
    """

    row: int
    account_id: str
    action: str
    rep_id: str
    group_id: str
    is_known_rep: bool = False

    @property
    def where(self) -> str:
        return f"override row {self.row} (account {self.account_id}, {self.action})"


@dataclass
class ManualDecisions:
    """Overrides as indices of accounts and reps."""

    assigned: dict[int, int] = field(default_factory=dict)
    locked: set[int] = field(default_factory=set)
    forbidden: list[tuple[int, int]] = field(default_factory=list)
    together: dict[str, list[int]] = field(default_factory=dict)  # by group_id
    separate: dict[str, list[int]] = field(default_factory=dict)


def read_overrides(overrides: pl.DataFrame) -> list[Override]:
    """Manual decisions in a total order.

    overrides: account_id, action, rep_id, and where they have them group_id and is_known_rep.

    Raises:
        PlanInputError: a column is missing, an action is unknown, or it lacks its rep_id or
            group_id.
    """
    for column in ("account_id", "action", "rep_id"):
        if column not in overrides.columns:
            raise PlanInputError(f"{OVERRIDE_TABLE}: column {column} is missing")
    frame = overrides
    for column, kind in (("group_id", pl.String), ("is_known_rep", pl.Boolean)):
        if column not in overrides.columns:
            frame = frame.with_columns(pl.lit(None, dtype=kind).alias(column))
    columns = [
        pl.col(name).cast(pl.String).fill_null("")
        for name in ("account_id", "action", "rep_id", "group_id")
    ]
    columns.append(pl.col("is_known_rep").fill_null(False))
    rows = [
        Override(row, account_id, action.strip().lower(), rep_id, group_id.strip(), is_known)
        for row, (account_id, action, rep_id, group_id, is_known) in enumerate(
            frame.select(columns).iter_rows(), start=1
        )
    ]
    for one in rows:
        if one.action not in (*OF_ONE_ACCOUNT, *OF_A_GROUP):
            raise PlanInputError(
                f"override row {one.row} (account {one.account_id}): unknown action "
                f"'{one.action}'; use lock, assign, forbid, together or separate"
            )
        if one.action in ("assign", "forbid") and not one.rep_id:
            raise PlanInputError(
                f"override row {one.row} (account {one.account_id}): "
                f"action {one.action} needs a rep_id"
            )
        if one.action in OF_A_GROUP and not one.group_id:
            raise PlanInputError(
                f"override row {one.row} (account {one.account_id}): action {one.action} needs a "
                "group_id, the same for all accounts of the group"
            )
    return sorted(
        rows, key=lambda one: (one.account_id, one.action, one.rep_id, one.group_id, one.row)
    )


def resolve_overrides(
    accounts: AccountArrays, reps: RepArrays, overrides: list[Override]
) -> tuple[ManualDecisions, list[Finding]]:
    """Look up accounts and reps; rows about unknown accounts and reps who left have no effect and
    say so.

    A rep has left who is not in the plan and whom the source knows, or who owns accounts of it.

    Raises:
        PlanInputError: overrides contradict each other, or assign to a rep nobody knows.
    """
    manual = ManualDecisions()
    findings: list[Finding] = []
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    account_at = accounts.find([one.account_id for one in overrides]).tolist()
    rep_at = reps.find([one.rep_id for one in overrides]).tolist()
    owners = set(accounts.owner_rep_id.unique().to_list())
    for one, i, j in zip(overrides, account_at, rep_at, strict=True):
        if i < 0:
            text = f"{one.where}: no such account in the plan; the row has no effect"
            findings.append(Finding("warning", "override_unknown_account", one.account_id, 1, text))
        elif one.action == "lock":
            if accounts.incumbent[i] >= 0:
                manual.locked.add(i)
                continue
            text = f"{one.where}: the account has no active owner to stay with; not locked"
            findings.append(Finding("warning", "lock_without_incumbent", one.account_id, 1, text))
        elif one.action == "assign":
            if j >= 0:
                _assign(manual, reps, one, i, j)
                continue
            if not (one.is_known_rep or one.rep_id in owners):
                raise PlanInputError(
                    f"{one.where}: rep {one.rep_id} is no active rep or vacant seat of the "
                    f"plan{nearest(one.rep_id, reps.ids)}"
                )
            text = (
                f"{one.where}: rep {one.rep_id} has left the team; the row has no effect and the "
                "account is planned like any other: give it to somebody else or take the row out"
            )
            findings.append(Finding("warning", "override_rep_left", one.account_id, 1, text))
        elif one.action == "forbid":
            if j >= 0:
                manual.forbidden.append((i, j))
                continue
            text = f"{one.where}: rep {one.rep_id} is not in the plan; the row has no effect"
            findings.append(Finding("warning", "override_unknown_rep", one.account_id, 1, text))
        elif i not in groups[one.action, one.group_id]:
            groups[one.action, one.group_id].append(i)
    _refuse_lock_and_assignment(manual, accounts, reps)
    for (action, group_id), members in sorted(groups.items()):
        if len(members) < 2:
            text = (
                f"override group {group_id} ({action}): only account "
                f"{accounts.ids[members[0]]} of it is in the plan; the group has no effect"
            )
            rule = "override_group_of_one"
            findings.append(Finding("warning", rule, accounts.ids[members[0]], 1, text))
        else:
            kind = manual.together if action == "together" else manual.separate
            kind[group_id] = sorted(members)
    return manual, findings


def _assign(manual: ManualDecisions, reps: RepArrays, one: Override, i: int, j: int) -> None:
    if manual.assigned.setdefault(i, j) != j:
        raise PlanInputError(
            f"{one.where}: the account is assigned to {reps.ids[manual.assigned[i]]} and to "
            f"{one.rep_id}; keep one"
        )


def _refuse_lock_and_assignment(
    manual: ManualDecisions, accounts: AccountArrays, reps: RepArrays
) -> None:
    for i in sorted(manual.locked & set(manual.assigned)):
        if accounts.incumbent[i] != manual.assigned[i]:
            raise PlanInputError(
                f"overrides: account {accounts.ids[i]} is locked to "
                f"{reps.ids[int(accounts.incumbent[i])]} and assigned to "
                f"{reps.ids[manual.assigned[i]]}; keep one"
            )


def forbidden_of_units(manual: ManualDecisions, of_account: np.ndarray) -> dict[int, list[int]]:
    """Reps that each unit is forbidden to, rising, by unit."""
    reps: dict[int, set[int]] = defaultdict(set)
    for i, j in manual.forbidden:
        reps[int(of_account[i])].add(j)
    return {u: sorted(found) for u, found in sorted(reps.items())}

"""Sets of units no two of which may have one owner."""

from collections.abc import Iterable

import numpy as np

from optimization.book.grouping import NamedSet, named_sets
from optimization.book.overrides import ManualDecisions
from optimization.book.tables import AccountArrays, Ints, RepArrays
from optimization.book.units import Units
from optimization.errors import PlanInputError
from optimization.finding import Finding
from optimization.policy import Policy


def separate_units(
    accounts: AccountArrays,
    reps: RepArrays,
    units: Units,
    policy: Policy,
    manual: ManualDecisions,
) -> tuple[tuple[Ints, ...], list[Finding], list[str]]:
    """The sets as units, rising; findings; and in words what no plan can keep apart.

    Units that cannot be kept apart from the rest of their set are left out of it, so that the plan
    can still be made.

    Raises:
        PlanInputError: two accounts of a set belong to one family or keep-together set.
    """
    sets, findings = named_sets(
        "must_separate",
        [(rule.name, rule.account_ids) for rule in policy.must_separate],
        manual.separate,
        accounts,
    )
    separate: list[Ints] = []
    clashes: list[str] = []
    for one in sets:
        members = _units_of(one, accounts, units)
        kept, dropped = _placeable(members, units)
        for unit in dropped:
            reason = _why(unit, kept, reps, units)
            clashes.append(f"{one.label}: {units.ids[unit]} cannot be kept apart, {reason}")
            text = f"{one.label} was waived for {units.ids[unit]}: {reason}"
            findings.append(Finding("warning", "separation_waived", units.ids[unit], 1, text))
        if len(kept) >= 2:
            separate.append(np.array(kept, dtype=np.int64))
    return tuple(separate), findings, clashes


def _units_of(one: NamedSet, accounts: AccountArrays, units: Units) -> list[int]:
    first: dict[int, int] = {}
    for i in one.accounts:
        u = int(units.of_account[i])
        if u in first:
            raise PlanInputError(
                f"{one.label}: accounts {accounts.ids[first[u]]} and {accounts.ids[i]} belong to "
                f"one family or keep-together set ({units.ids[u]}), which has one owner; take one "
                "of the two out"
            )
        first[u] = i
    return sorted(first)


def _placeable(members: list[int], units: Units) -> tuple[list[int], list[int]]:
    """Members that can all have different owners, as many as possible, and the others.

    Augmenting paths (Kuhn); held units come first, so that a free one yields to them. Units that
    may have no owner need no place.
    """
    owner_of: dict[int, int] = {}

    def place(unit: int, seen: set[int]) -> bool:
        for rep in units.allowed_reps(unit).tolist():
            if rep in seen:
                continue
            seen.add(rep)
            if rep not in owner_of or place(owner_of[rep], seen):
                owner_of[rep] = unit
                return True
        return False

    kept: list[int] = []
    dropped: list[int] = []
    for unit in sorted(members, key=lambda u: (units.fixed[u] < 0, u)):
        is_placed = np.isfinite(units.nobody_usd[unit]) or place(unit, set())
        (kept if is_placed else dropped).append(unit)
    return sorted(kept), sorted(dropped)


def _why(unit: int, kept: Iterable[int], reps: RepArrays, units: Units) -> str:
    rep = int(units.fixed[unit])
    rivals = [units.ids[other] for other in kept if rep >= 0 and units.fixed[other] == rep]
    if rivals:
        return f"for it and {rivals[0]} are both held with rep {reps.ids[rep]}"
    return "for the set has more members than reps who may own them"

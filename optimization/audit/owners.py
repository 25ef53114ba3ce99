"""Whether the plan's owners are owners the policy and the overrides let these accounts have."""

import numpy as np
import polars as pl

from optimization.audit.ledger import Bools, Ints, Ledger
from optimization.audit.money import Money
from optimization.audit.ownership import ASSIGNED, LOCKED, Ownership
from optimization.audit.rules import Breaches

# Room for rounding in a distance: a metre.
NEAR_KM = 1e-3


def check_owners(money: Money, owner: Ints, assignment: pl.DataFrame, breaches: Breaches) -> None:
    """owner: (n), J for nobody; assignment: by account_id."""
    ledger, ownership = money.ledger, money.ownership
    names = np.array([*ledger.rep_ids, "nobody"], dtype=object)
    _nobody(money, owner, breaches)
    _families(ledger, ownership, owner, assignment, breaches)
    for group in ownership.together:
        owners = np.unique(owner[group.accounts])
        if owners.size > 1:
            breaches.add("keep_together", group.name, 1, owners.size, "number of owners")
    for group in ownership.separate:
        _separate(money, owner, group.name, group.accounts, breaches)
    hold, holder = ownership.hold[ownership.unit], ownership.holder[ownership.unit]
    for kind, rule in ((LOCKED, "lock"), (ASSIGNED, "assign")):
        wrong = np.flatnonzero((hold == kind) & (owner != holder))
        _note(breaches, rule, ledger, wrong, names[holder[wrong]], names[owner[wrong]])
    _eligible(money, owner, names, breaches)


def _note(
    breaches: Breaches, rule: str, ledger: Ledger, at: Ints, expected: object, observed: object
) -> None:
    records = ledger.ids.gather(at).to_list()
    breaches.add_all(rule, records, list(expected), list(observed), "owner")  # type: ignore[call-overload]


def _nobody(money: Money, owner: Ints, breaches: Breaches) -> None:
    """Nobody owns only units all of whose accounts may stay unassigned, and that nothing holds."""
    ledger, ownership = money.ledger, money.ownership
    alone = owner == ledger.rep_count
    if not alone.any():
        return
    wrong = np.flatnonzero(alone & ~ownership.may_stay[ownership.unit])
    _note(breaches, "one_owner", ledger, wrong, ["a rep"] * wrong.size, ["nobody"] * wrong.size)


def _families(
    ledger: Ledger,
    ownership: Ownership,
    owner: Ints,
    assignment: pl.DataFrame,
    breaches: Breaches,
) -> None:
    """One owner per family; unit_id joins the accounts of each unit and no others."""
    frame = pl.DataFrame({"family": ownership.family, "owner": owner})
    split = frame.group_by("family").agg(
        owners=pl.col("owner").n_unique(), first=pl.int_range(pl.len()).first()
    )
    for family, owners in (
        split.filter(pl.col("owners") > 1).sort("family").select("family", "owners").iter_rows()
    ):
        record = ledger.ids[int(np.flatnonzero(ownership.family == family)[0])]
        breaches.add("family_together", record, 1, owners, "number of owners of its family")
    units = pl.DataFrame(
        {"account_id": ledger.ids, "unit": ownership.unit, "unit_id": assignment["unit_id"]}
    ).with_columns(
        names=pl.col("unit_id").n_unique().over("unit"),
        units=pl.col("unit").n_unique().over("unit_id"),
    )
    wrong = units.filter(
        (pl.col("names") > 1) | (pl.col("units") > 1) | pl.col("unit_id").is_null()
    )
    breaches.add_all(
        "family_together",
        wrong["account_id"].to_list(),
        ["the unit of its family and sets"] * wrong.height,
        wrong["unit_id"].to_list(),
        "unit_id",
    )


def _separate(money: Money, owner: Ints, name: str, accounts: Ints, breaches: Breaches) -> None:
    """Different units of the set have different owners; nobody may have several.

    Where the set has more members than reps who may own them, the planner waives it for those that
    are too many, and says so.
    """
    ledger, ownership = money.ledger, money.ownership
    units, first = np.unique(ownership.unit[accounts], return_index=True)
    owners = owner[accounts[first]]
    owners = owners[owners < ledger.rep_count]
    shared = owners.size - np.unique(owners).size
    if shared and shared > _too_many(money, units):
        breaches.add("separate", name, owners.size, owners.size - shared, "number of owners")


def _too_many(money: Money, units: Ints) -> int:
    """How many of the units cannot have an owner of their own (augmenting paths)."""
    unit_of: dict[int, int] = {}

    def place(unit: int, tried: set[int]) -> bool:
        holder = int(money.ownership.holder[unit])
        row = money.eligibility.reps[money.eligibility.kind[unit]]
        for rep in [holder] if holder >= 0 else np.flatnonzero(row).tolist():
            if rep not in tried:
                tried.add(rep)
                if rep not in unit_of or place(unit_of[rep], tried):
                    unit_of[rep] = unit
                    return True
        return False

    must = [unit for unit in units.tolist() if not money.ownership.may_stay[unit]]
    return sum(not place(unit, set()) for unit in must)


def _eligible(money: Money, owner: Ints, names: np.ndarray, breaches: Breaches) -> None:
    ledger, ownership, rows = money.ledger, money.ownership, money.eligibility
    unit = ownership.unit
    free = np.flatnonzero((ownership.holder[unit] < 0) & (owner < ledger.rep_count))
    mine, rep = unit[free], owner[free]
    forbidden = ownership.forbids(mine, rep, ledger.rep_count)
    allowed = rows.is_allowed(mine, rep)
    # A unit forbidden to everybody has some owner all the same; the planner says so.
    wrong = free[forbidden & ~allowed]
    _note(breaches, "forbid", ledger, wrong, ["another rep"] * wrong.size, names[owner[wrong]])
    wrong = free[~allowed & ~forbidden]
    _note(
        breaches,
        "eligibility",
        ledger,
        wrong,
        ["an eligible rep"] * wrong.size,
        names[owner[wrong]],
    )
    if ledger.policy.travel.max_distance_km is not None:
        wrong = free[allowed]
        wrong = wrong[_too_far(money, unit, owner, wrong)]
        _note(
            breaches, "max_distance", ledger, wrong, ["a rep nearby"] * wrong.size,
            names[owner[wrong]],
        )  # fmt: skip


def _too_far(money: Money, unit: Ints, owner: Ints, accounts: Ints) -> Bools:
    """Accounts whose owner lives too far away though another rep of their unit does not."""
    far = is_far(money, accounts, owner[accounts])
    for u in np.unique(unit[accounts[far]]).tolist():
        if is_exempt(money, u):
            far &= unit[accounts] != u
    return far


def is_far(money: Money, account: Ints, rep: Ints) -> Bools:
    """Pairs beyond the maximum distance; an incumbent never is."""
    limit = money.ledger.policy.travel.max_distance_km
    if limit is None:
        return np.zeros(account.size, dtype=bool)
    km = money.distance_km(account, rep)
    return (km > limit + NEAR_KM) & (money.ledger.incumbent[account] != rep)


def is_exempt(money: Money, unit: int) -> bool:
    """Whether the unit needs an owner and every rep it may have is too far from one of it."""
    if money.ownership.may_stay[unit]:
        return False
    members = money.ownership.members(unit)
    reps = np.flatnonzero(money.eligibility.reps[money.eligibility.kind[unit]])
    limit = money.ledger.policy.travel.max_distance_km
    assert limit is not None
    account, rep = np.repeat(members, reps.size), np.tile(reps, members.size)
    # Just inside the limit counts as far here: at a distance of the limit itself both verdicts are
    # right.
    far = money.distance_km(account, rep) > limit - NEAR_KM
    far &= money.ledger.incumbent[account] != rep
    return bool(far.reshape(members.size, reps.size).any(axis=0).all())

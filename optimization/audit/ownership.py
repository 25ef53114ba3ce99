"""Who must have one owner, who must not, and who is held where: families, sets, locks, overrides.

A unit is a family, joined with others where a keep-together set links them. Nothing is decided
here about rules of eligibility.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from optimization.audit.ledger import Bools, Floats, Ints, Ledger, positions
from optimization.policy import LockRule

FREE, LOCKED, ASSIGNED = 0, 1, 2


@dataclass(frozen=True)
class NamedSet:
    """Accounts that a set of the policy or of the overrides names, as positions."""

    name: str
    accounts: Ints


@dataclass(frozen=True)
class Ownership:
    """What decides about owners before any cost does. U units, numbered as they come."""

    family: Ints  # (n) families, or lone accounts
    unit: Ints  # (n) families joined by keep-together sets
    unit_count: int
    together: list[NamedSet]
    separate: list[NamedSet]
    hold: Ints  # (U) FREE | LOCKED | ASSIGNED
    holder: Ints  # (U) rep of a held unit, else -1
    lock_rule: Ints  # (n) first lock rule that matches the account; -1 none, -2 the manual list
    forbidden: Ints  # pairs unit * J + rep, rising
    price_usd: Floats  # (n) of staying without owner, by the first tier that matches; inf: none

    @cached_property
    def may_stay(self) -> Bools:
        """(U) units that may have no owner: nothing holds them, and all accounts have a price."""
        must = sums(self.unit, self.unit_count, np.isinf(self.price_usd).astype(np.float64))
        return (must == 0) & (self.holder < 0)

    @cached_property
    def _by_unit(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.unit, kind="stable")
        return order, np.searchsorted(self.unit[order], np.arange(self.unit_count + 1))

    def members(self, unit: int) -> Ints:
        """Accounts of a unit, rising."""
        order, first = self._by_unit
        return order[first[unit] : first[unit + 1]]

    def forbids(self, unit: Ints, rep: Ints, reps: int) -> Bools:
        """Whether an override forbids the pairs."""
        return np.isin(unit * reps + rep, self.forbidden) & (rep >= 0) & (rep < reps)


def read_ownership(ledger: Ledger) -> Ownership:
    """Derive units, sets and holds from the tables."""
    family = _families(ledger)
    together = [
        *_named(ledger, ((rule.name, rule.account_ids) for rule in ledger.policy.keep_together)),
        *_manual_sets(ledger, "together"),
    ]
    separate = [
        *_named(ledger, ((rule.name, rule.account_ids) for rule in ledger.policy.must_separate)),
        *_manual_sets(ledger, "separate"),
    ]
    unit = _joined(family, together)
    count = int(unit.max(initial=-1)) + 1
    lock_rule = _lock_rules(ledger)
    hold, holder = _holders(ledger, unit, count, lock_rule)
    return Ownership(
        family=family,
        unit=unit,
        unit_count=count,
        together=together,
        separate=separate,
        hold=hold,
        holder=holder,
        lock_rule=lock_rule,
        forbidden=_forbidden(ledger, unit),
        price_usd=_tier_prices(ledger),
    )


def sums(group: Ints, count: int, values: Floats) -> Floats:
    """Sum of the values by group."""
    return np.bincount(group, weights=values, minlength=count).astype(np.float64)


def _tier_prices(ledger: Ledger) -> Floats:
    price = np.full(ledger.account_count, np.inf)
    for tier in reversed(ledger.policy.unassigned):
        price[ledger.matching(tier.accounts)] = tier.price_usd
    return price


def _families(ledger: Ledger) -> Ints:
    own = ledger.accounts["account_id"]
    if ledger.policy.keep_families_together:
        named = ledger.accounts["family_id"]
        own = ledger.accounts.select(
            pl.when(named != "").then(named).otherwise(own).alias("family")
        )["family"]
    return own.rank("dense").cast(pl.Int64).to_numpy() - 1


def _joined(family: Ints, together: list[NamedSet]) -> Ints:
    """Families joined by sets, numbered by their first family."""
    leader: dict[int, int] = {}

    def lead(one: int) -> int:
        while one in leader:
            one = leader[one]
        return one

    for group in together:
        leaders = sorted({lead(one) for one in family[group.accounts].tolist()})
        leader |= dict.fromkeys(leaders[1:], leaders[0])
    label = np.arange(int(family.max(initial=-1)) + 1)
    for one in leader:
        label[one] = lead(one)
    return np.unique(label[family], return_inverse=True)[1].astype(np.int64)


def _named(ledger: Ledger, sets: Iterable[tuple[str, list[str]]]) -> list[NamedSet]:
    found = []
    for name, account_ids in sets:
        places = positions(pl.Series(account_ids, dtype=pl.String), ledger.ids)
        known = np.unique(places[places >= 0])
        if known.size > 1:
            found.append(NamedSet(name, known))
    return found


def _manual_sets(ledger: Ledger, action: str) -> list[NamedSet]:
    rows = ledger.overrides.filter((pl.col("action") == action) & (pl.col("group_id") != ""))
    groups = rows.sort("group_id", "account_id").partition_by("group_id", maintain_order=True)
    return _named(ledger, ((rows["group_id"][0], rows["account_id"].to_list()) for rows in groups))


def _manual(ledger: Ledger, action: str) -> tuple[Ints, Ints]:
    """(account, rep) of the overrides of one action whose account is in the book."""
    rows = ledger.overrides.filter(pl.col("action") == action)
    account = positions(rows["account_id"], ledger.ids)
    rep = positions(rows["rep_id"], ledger.reps["rep_id"])
    return account[account >= 0], rep[account >= 0]


def _lock_rules(ledger: Ledger) -> Ints:
    """First rule in force that matches each account; the manual list stands before all rules."""
    matched = np.full(ledger.account_count, -1, dtype=np.int64)
    for number, rule in reversed(list(enumerate(ledger.policy.locks))):
        if rule.expires_on is not None and (ledger.as_of is None or ledger.as_of > rule.expires_on):
            continue
        matched[_fits(ledger, rule)] = number
    manual, _ = _manual(ledger, "lock")
    matched[manual] = -2
    return np.where(ledger.incumbent >= 0, matched, -1)


def _fits(ledger: Ledger, rule: LockRule) -> Bools:
    """Whether each account meets every condition of the rule; unknown values meet none."""
    fits = ledger.matching(rule.accounts)
    if rule.account_ids is not None:
        fits &= ledger.ids.is_in(rule.account_ids).to_numpy()
    if rule.open_deal_probability_from_pct is not None:
        fits &= ledger.amount("open_deal_probability_pct") >= rule.open_deal_probability_from_pct
    if rule.renewal_within_days is not None:
        days = ledger.amount("days_to_renewal")
        fits &= (days >= 0) & (days <= rule.renewal_within_days)
    if rule.owner_changed_within_days is not None:
        fits &= ledger.amount("days_since_owner_change") <= rule.owner_changed_within_days
    if rule.strategic is not None:
        marked = ledger.accounts["is_strategic"]
        fits &= (marked == rule.strategic).fill_null(False).to_numpy()
    if rule.tenure_months_below is not None:
        fits &= ledger.amount("tenure_months") < rule.tenure_months_below
    return fits


def _holders(ledger: Ledger, unit: Ints, count: int, lock_rule: Ints) -> tuple[Ints, Ints]:
    """What holds each unit, and with whom.

    An assignment beats a lock. Locks to several reps go to the one with the largest locked sales,
    then to the smaller rep_id.
    """
    hold, holder = np.full(count, FREE, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    locked = np.flatnonzero(lock_rule != -1)
    if locked.size:
        strongest = (
            pl.DataFrame(
                {
                    "unit": unit[locked],
                    "rep": ledger.incumbent[locked],
                    "sales": ledger.amount("actual_sales_usd")[locked],
                }
            )
            .group_by("unit", "rep")
            .agg(pl.col("sales").sum())
            .sort(["unit", "sales", "rep"], descending=[False, True, False])
            .unique("unit", keep="first", maintain_order=True)
        )
        hold[strongest["unit"].to_numpy()] = LOCKED
        holder[strongest["unit"].to_numpy()] = strongest["rep"].to_numpy()
    account, rep = _manual(ledger, "assign")
    # One to a rep who left has no effect.
    stays = rep >= 0
    hold[unit[account[stays]]] = ASSIGNED
    holder[unit[account[stays]]] = rep[stays]
    return hold, holder


def _forbidden(ledger: Ledger, unit: Ints) -> Ints:
    account, rep = _manual(ledger, "forbid")
    known = rep >= 0
    return np.unique(unit[account[known]] * ledger.rep_count + rep[known])

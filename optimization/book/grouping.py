"""Which accounts are dealt as one: families, and keep-together sets that join them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.book.filters import codes
from optimization.book.overrides import ManualDecisions
from optimization.book.tables import AccountArrays, Ints
from optimization.finding import Finding
from optimization.policy import Policy


@dataclass(frozen=True)
class NamedSet:
    """Accounts that the policy or the overrides name together; two or more of the plan."""

    label: str  # as messages call it
    accounts: list[int]  # rising


@dataclass(frozen=True)
class Grouping:
    """Units as groups of accounts; see `Units`."""

    ids: list[str]
    of_account: Ints
    member: Ints
    member_first: Ints


def named_sets(
    block: str,
    from_policy: list[tuple[str, list[str]]],
    from_overrides: dict[str, list[int]],
    accounts: AccountArrays,
) -> tuple[list[NamedSet], list[Finding]]:
    """Sets of the policy's `block` and of the overrides; unknown accounts are left out, aloud."""
    sets: list[NamedSet] = []
    findings: list[Finding] = []
    for name, account_ids in from_policy:
        places = accounts.find(account_ids)
        for account_id, place in zip(account_ids, places.tolist(), strict=True):
            if place < 0:
                text = f"policy {block} '{name}': account {account_id} is not in the plan"
                findings.append(Finding("warning", "policy_unknown_account", account_id, 1, text))
        known = sorted(places[places >= 0].tolist())
        if len(known) >= 2:
            sets.append(NamedSet(f"{block} '{name}'", known))
    for group_id, members in from_overrides.items():
        sets.append(NamedSet(f"override group {group_id}", members))
    return sets, findings


def group_accounts(
    accounts: AccountArrays, policy: Policy, manual: ManualDecisions
) -> tuple[Grouping, list[Finding]]:
    """Units: families where they stay together, joined by every keep-together set they touch.

    A unit is named by its family_id or account_id; a joined one by the smallest of these names.
    """
    key = accounts.text["account_id"]
    if policy.keep_families_together:
        family = accounts.text["family_id"]
        key = pl.select(pl.when(family != "").then(family).otherwise(key)).to_series()
    code, names = codes(key)
    sets, findings = named_sets(
        "keep_together",
        [(rule.name, rule.account_ids) for rule in policy.keep_together],
        manual.together,
        accounts,
    )
    if sets:
        smallest = _joined(code, sets)
        kept, code = np.unique(smallest[code], return_inverse=True)
        names = [names[at] for at in kept.tolist()]
    member = np.argsort(code, kind="stable")
    size = np.bincount(code, minlength=len(names))
    first = np.concatenate(([0], np.cumsum(size)))
    grouping = Grouping(
        names, code.astype(np.int64), member.astype(np.int64), first.astype(np.int64)
    )
    return grouping, findings


def _joined(code: Ints, sets: list[NamedSet]) -> Ints:
    """For each unit so far the smallest unit that keep-together sets join it to."""
    root = np.arange(int(code.max(initial=-1)) + 1)

    def find(unit: int) -> int:
        while root[unit] != unit:
            root[unit] = root[root[unit]]
            unit = int(root[unit])
        return unit

    for one in sets:
        units = [find(int(code[i])) for i in one.accounts]
        for unit in units:
            low, high = sorted((find(units[0]), find(unit)))
            root[high] = low
    while True:
        # Roots are smaller than their followers, so pointer jumping ends at the smallest.
        above = root[root]
        if (above == root).all():
            return root
        root = above

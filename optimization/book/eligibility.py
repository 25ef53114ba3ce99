"""Eligibility in classes: units that the same reps may own share one row of reps.

Rules concern columns of few values, so a million accounts fall into a few hundred classes; every
unit that a person forbids to some rep adds at most one.
"""

import numpy as np

from optimization.book.filters import codes, matches
from optimization.book.grouping import Grouping
from optimization.book.tables import AccountArrays, Bools, Ints, RepArrays
from optimization.policy import EligibilityRule, Policy


def account_classes(accounts: AccountArrays, reps: RepArrays, policy: Policy) -> tuple[Ints, Bools]:
    """Class of each account (n) and the reps each class may have (C, J), by the policy's rules."""
    class_of = np.zeros(len(accounts), dtype=np.int64)
    rows = np.ones((1, len(reps)), dtype=bool)
    for rule in policy.eligibility:
        pattern, pattern_rows = _patterns(rule, accounts, reps)
        class_of, rows = _meet(class_of, rows, pattern, pattern_rows)
    return class_of, rows


def unit_classes(grouping: Grouping, class_of: Ints, rows: Bools) -> tuple[Ints, Bools]:
    """Class of each unit: reps that all its accounts may have."""
    units = len(grouping.ids)
    first, member = grouping.member_first, grouping.member
    unit_class = class_of[member[first[:-1]]] if units else np.zeros(0, dtype=np.int64)
    unit = grouping.of_account
    differs = np.flatnonzero(class_of != unit_class[unit])
    pending = np.unique(unit[differs] * rows.shape[0] + class_of[differs])
    # Each round meets every unit with one more of its classes: as many rounds as the most
    # different classes in one unit, usually one or two.
    account_rows = rows
    while pending.size:
        owner, other = np.divmod(pending, account_rows.shape[0])
        now = np.concatenate(([True], owner[1:] != owner[:-1]))
        pattern = np.full(units, account_rows.shape[0])
        pattern[owner[now]] = other[now]
        all_reps = np.ones((1, rows.shape[1]), dtype=bool)
        unit_class, rows = _meet(unit_class, rows, pattern, np.vstack((account_rows, all_reps)))
        pending = pending[~now]
    return merged(unit_class, rows)


def without(class_of: Ints, rows: Bools, forbidden: dict[int, list[int]]) -> tuple[Ints, Bools]:
    """Classes after units were forbidden to single reps."""
    if not forbidden:
        return class_of, rows
    class_of = class_of.copy()
    added: list[Bools] = []
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    for unit, reps in forbidden.items():
        key = (int(class_of[unit]), tuple(reps))
        if key not in known:
            row = rows[key[0]].copy()
            row[reps] = False
            known[key] = rows.shape[0] + len(added)
            added.append(row)
        class_of[unit] = known[key]
    return merged(class_of, np.vstack((rows, added)))


def components(present: Bools, class_reps: Bools, links: Ints) -> Ints:
    """Component number of each rep, (J): reps joined by a chain of units they may own.

    present: (R, J) rows of the units concerned. links: (L, 2) class and rep: a unit of that class
    is held with that rep, who is joined to the class whether it has the rep or not.
    """
    label = np.arange(present.shape[1])
    for row in present:
        _join(label, label[row])
    outside = links[~class_reps[links[:, 0], links[:, 1]]]
    if outside.size:
        first = np.where(class_reps.any(axis=1), class_reps.argmax(axis=1), -1)
        for one, rep in outside.tolist():
            if first[one] >= 0 and label[first[one]] != label[rep]:
                _join(label, label[[first[one], rep]])
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _join(label: Ints, labels: Ints) -> None:
    """Give all reps of these labels the smallest of them."""
    members = np.unique(labels)
    if members.size > 1:
        label[np.isin(label, members)] = members[0]


def _patterns(
    rule: EligibilityRule, accounts: AccountArrays, reps: RepArrays
) -> tuple[Ints, Bools]:
    """The rule's sets of reps (P, J), and which of them each account is subject to (n)."""
    concerned = matches(accounts.text, rule.accounts)
    pattern = np.zeros(len(accounts), dtype=np.int64)
    rows = matches(reps.text, rule.reps)[None, :]
    if "country" in rule.same:
        code, countries = codes(accounts.text["country"])
        there = reps.text["country"].to_list()
        same = [[not one or not rep or one == rep for rep in there] for one in countries]
        pattern, rows = _cross(pattern, rows, code, same)
    if "industry_skill" in rule.same:
        code, industries = codes(accounts.text["industry"])
        known = [
            [not industry or not skills or industry in skills for skills in reps.skills]
            for industry in industries
        ]
        pattern, rows = _cross(pattern, rows, code, known)
    free = np.ones((1, len(reps)), dtype=bool)
    return np.where(concerned, pattern, rows.shape[0]), np.vstack((rows, free))


def _cross(pattern: Ints, rows: Bools, code: Ints, allowed: list[list[bool]]) -> tuple[Ints, Bools]:
    table = np.array(allowed, dtype=bool).reshape(len(allowed), rows.shape[1])
    return _meet(pattern, rows, code, table)


def _meet(class_of: Ints, rows: Bools, other_of: Ints, other_rows: Bools) -> tuple[Ints, Bools]:
    """Classes of what is in one class of each kind: only the reps of both."""
    pair, place = np.unique(class_of * other_rows.shape[0] + other_of, return_inverse=True)
    one, other = np.divmod(pair, max(other_rows.shape[0], 1))
    return merged(place.astype(np.int64), rows[one] & other_rows[other])


def merged(class_of: Ints, rows: Bools) -> tuple[Ints, Bools]:
    """The same classes without those nobody is in, equal ones joined, in a fixed order."""
    used, compact = np.unique(class_of, return_inverse=True)
    kept = rows[used]
    if kept.size == 0:
        return np.zeros(class_of.size, dtype=np.int64), kept[:1]
    packed = np.packbits(kept, axis=1)
    _, chosen, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return place.reshape(-1)[compact].astype(np.int64), kept[chosen]

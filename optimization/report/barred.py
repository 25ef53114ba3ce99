"""Which rule keeps a rep from an account: the name people gave it in the policy."""

import numpy as np
import polars as pl

from optimization.book.filters import matches
from optimization.book.planning import Planning
from optimization.book.tables import Bools, Ints
from optimization.policy import EligibilityRule


def barring_rules(planning: Planning, account: Ints, rep: Ints) -> pl.Series:
    """What bars the pairs (account[k], rep[k]), m; NULL where the account's unit may have the rep.

    The first eligibility rule that is about the account itself goes before all else.
    """
    units = planning.units
    unit = units.of_account[account]
    barred = ~units.class_reps[units.class_of[unit], rep]
    which = np.where(barred, len(planning.policy.eligibility), -1)
    for number in reversed(range(len(planning.policy.eligibility))):
        rule = planning.policy.eligibility[number]
        which[barred & _breaks(planning, rule, account, rep)] = number
    # No rule is about this account itself: then one about its family, or a forbidden pair.
    names = pl.Series(
        [
            *(f"rule '{rule.name}'" for rule in planning.policy.eligibility),
            "an override, or a rule about its family,",
            None,
        ],
        dtype=pl.String,
    )
    return names.gather(which % names.len())


def _breaks(planning: Planning, rule: EligibilityRule, account: Ints, rep: Ints) -> Bools:
    """Whether the rule concerns the accounts and does not accept their reps."""
    accounts, reps = planning.accounts, planning.reps
    accepted = matches(reps.text, rule.reps)[rep]
    if "country" in rule.same:
        here = accounts.text["country"].gather(account)
        there = reps.text["country"].gather(rep)
        accepted &= ((here == "") | (there == "") | (here == there)).to_numpy()
    if "industry_skill" in rule.same:
        inputs = planning.pairs.inputs
        industry = inputs.industry[account]
        known = inputs.knows[industry, rep] if inputs.knows.size else np.zeros(rep.size, dtype=bool)
        accepted &= (industry < 0) | ~inputs.has_skills[rep] | known
    return matches(accounts.text, rule.accounts)[account] & ~accepted

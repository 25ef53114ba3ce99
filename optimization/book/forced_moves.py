"""Move budgets against the limits of one metric: what must change hands at least.

Without any limit a plan would leave every unit with the incumbent who owns most of it. Then rep j
has own_j of a resource. Where that exceeds the upper limit, units worth the difference go to
others; where all reps together lack more than units without incumbent bring, units are taken from
others. Both are fractional knapsacks, filled from what costs the budget least per amount:

    shed   = sum_j min { sum_u extra_u y_u : sum_u a_u y_u >= own_j - upper_j, 0 <= y <= 1 }
    gained =       min { sum_u extra_u y_u : sum_u f_u y_u >= sum_j missing_j - free }
    moved >= moved in every plan + max(shed, gained)

with extra_u the budget's weight of not leaving u where most of it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimization.book.amounts import amount_in_words, reps_in_words, resource_in_words
from optimization.book.budgets import UNIT_OF_MEASURE, build_budgets, least_use
from optimization.book.planning import Planning
from optimization.book.tables import AccountArrays, Floats, Ints
from optimization.book.units import Units
from optimization.engine.problem import TOLERANCE
from optimization.pairs.inputs import PairInputs
from optimization.policy import LEVEL_PREFIX


@dataclass(frozen=True)
class ForcedMoves:
    """The least that the limits of one resource move, and why."""

    resource: str
    weight: float  # scaled units of the budget, beyond what moves in every plan
    reps: Ints  # who own too much today, or too little
    is_shed: bool


def forced_moves(planning: Planning) -> Iterator[str]:
    """A sentence for every move budget that some resource's limits cannot keep."""
    budgets = build_budgets(planning.accounts, planning.policy, len(planning.reps))
    least = least_use(planning.accounts, planning.units, budgets.weight)
    for b, measure in enumerate(budgets.names):
        most = [least_forced(planning, budgets.weight[:, b], s) for s in _separable(planning)]
        worst = max(most, key=lambda one: one.weight, default=None)
        # Beyond its limit without any band, the budget is named by `conflicts`.
        if worst is None or least[b] > budgets.limit[b] + TOLERANCE:
            continue
        moved = least[b] + worst.weight
        if moved <= budgets.limit[b] + TOLERANCE:
            continue
        unit, scale, share = UNIT_OF_MEASURE[measure], budgets.scale[b], budgets.share[b]
        words = resource_in_words(planning, worst.resource)
        state = "above the upper" if worst.is_shed else "below the lower"
        yield (
            f"move budget of {measure}: keeping {words.title} within its limits moves at least "
            f"{amount_in_words(moved * scale, unit)} ({moved * share:.1%}), because today's load "
            f"of {reps_in_words(planning.reps, worst.reps)} is {state} limit; the budget is "
            f"{amount_in_words(budgets.limit[b] * scale, unit)} ({budgets.limit[b] * share:.1%})"
        )


def least_forced(planning: Planning, weight: Floats, s: int) -> ForcedMoves:
    """What the limits of separable resource s move at least; weight: (n) of the budget."""
    inputs, units = planning.pairs.inputs, planning.units
    place = int(inputs.separable_resource[s])
    limits, scale = planning.problem.limits, inputs.scale[:, s]
    home, extra = _homes(planning.accounts, units, weight)
    name = planning.problem.resources[place]

    above = np.where(inputs.counts_above[:, s], inputs.amount[:, s], 0.0)
    at_home = home >= 0
    own = _by_rep(home, above, len(planning.reps))
    over = own - limits.upper[:, place] * scale
    over[~(over > TOLERANCE * scale)] = 0.0
    shed = _cheapest(above, extra, home, over)

    fill = np.minimum(inputs.amount[:, s], most_fill(inputs, s))
    brought = _by_rep(home, fill, len(planning.reps))
    short = np.maximum(limits.lower[:, place], 0.0) * scale - brought
    short[~(short > TOLERANCE * scale)] = 0.0
    free = float(fill[~at_home].sum())
    gained = _cheapest(fill, extra, np.where(at_home, 0, -1), np.array([short.sum() - free]))
    if shed >= gained:
        return ForcedMoves(name, shed, np.flatnonzero(over > 0), True)
    return ForcedMoves(name, gained, np.flatnonzero(short > 0), False)


def most_fill(inputs: PairInputs, s: int) -> Floats:
    """(U) most that a unit can count toward any lower limit of separable resource s, in amounts."""
    cap, held = inputs.fill_cap[:, s], inputs.fixed >= 0
    most = np.where(inputs.class_reps, cap, 0.0).max(axis=1, initial=0.0)[inputs.class_of]
    most[held] = cap[inputs.fixed[held]]
    return most


def _by_rep(home: Ints, amount: Floats, reps: int) -> Floats:
    """(J) what each rep has at home."""
    at = np.flatnonzero(home >= 0)
    return np.bincount(home[at], amount[at], reps).astype(np.float64)


def _separable(planning: Planning) -> list[int]:
    """The separable resources whose limits are of single reps."""
    names, places = planning.problem.resources, planning.pairs.inputs.separable_resource
    return [
        s for s, place in enumerate(places.tolist()) if not names[place].startswith(LEVEL_PREFIX)
    ]


def _homes(accounts: AccountArrays, units: Units, weight: Floats) -> tuple[Ints, Floats]:
    """Where most of each unit is, and what it costs to give it to anybody else; (U) each.

    Home is the rep the unit is held with, or the incumbent of its largest share who may keep it;
    -1 without one. What is held cannot be given away: inf, but 0 where it may have no owner.
    """
    owned = np.flatnonzero((accounts.incumbent >= 0) & (weight > 0))
    reps = max(units.class_reps.shape[1], 1)
    key = units.of_account[owned] * reps + accounts.incumbent[owned]
    pair, place = np.unique(key, return_inverse=True)
    share = np.bincount(place, weight[owned], pair.size)
    unit, rep = np.divmod(pair, reps)
    may_keep = units.class_reps[units.class_of[unit], rep] & (units.fixed[unit] < 0)
    unit, rep, share = unit[may_keep], rep[may_keep], share[may_keep]
    order = np.lexsort((rep, -share, unit))
    unit, rep, share = unit[order], rep[order], share[order]
    is_first = np.concatenate(([True], unit[1:] != unit[:-1])) if unit.size else unit > 0
    second = np.concatenate((np.where(is_first[1:], 0.0, share[1:]), [0.0]))[: unit.size]
    home, extra = units.fixed.copy(), np.zeros(len(units))
    home[unit[is_first]] = rep[is_first]
    extra[unit[is_first]] = (share - second)[is_first]
    extra[units.fixed >= 0] = np.where(np.isinf(units.nobody_usd), np.inf, 0.0)[units.fixed >= 0]
    return home, extra


def _cheapest(amount: Floats, extra: Floats, group: Ints, needed: Floats) -> float:
    """Fractional knapsacks: least sum of `extra` for units worth `needed` of every group.

    amount, extra, group: (U); group -1: in none. needed: (groups). A group without enough gives
    all it has.
    """
    wanted = np.concatenate((np.maximum(needed, 0.0), [0.0]))[group] > 0
    units = np.flatnonzero(wanted & (amount > 0) & np.isfinite(extra))
    units = units[np.lexsort((extra[units] / amount[units], group[units]))]
    size, of = amount[units], group[units]
    before = np.cumsum(size) - size
    start = np.searchsorted(of, of, side="left")
    part = np.clip((needed[of] - (before - before[start])) / size, 0.0, 1.0)
    return float(part @ extra[units])

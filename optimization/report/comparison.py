"""The owner of each unit beside the other reps it could have, at the prices of the limits.

The *runner-up* is the allowed rep with the smallest priced cost after the owner: cost plus what the
unit takes of every limit at the prices of the certificate. Its delta is how much more that is; at
least 0, because an integer plan may keep a unit where the prices would not. The *favourite* is the
cheapest before any limit is priced: where it is not the owner, some limit decided.
"""

from dataclasses import dataclass

import numpy as np

from optimization.book.tables import Floats, Ints
from optimization.engine.problem import PairValues, Prices, Problem
from optimization.report.outcome import Outcome

# Cost differences below half a cent are rounding.
SAME_USD = 0.005


@dataclass(frozen=True)
class Decision:
    """Which limit tells two reps apart for some units or accounts, m each.

    kind: index into `Decider.kinds`, -1 if no limit does. worth_usd: by how much, USD a year.
    relief_usd: what the priced limits favour the first rep with in all.
    """

    kind: Ints
    worth_usd: Floats
    relief_usd: Floats


@dataclass(frozen=True)
class Decider:
    """Finds the limit that speaks most for one rep against another, at given prices."""

    problem: Problem
    prices: Prices

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """(side, name): the other rep is `full` of it, this one is `short` of it, or a `budget`."""
        resources = self.problem.resources
        return [
            *(("full", name) for name in resources),
            *(("short", name) for name in resources),
            *(("budget", name) for name in self.problem.budgets),
        ]

    def decide(self, mine: PairValues, rep: Ints, theirs: PairValues, other: Ints) -> Decision:
        """Why a unit is with `rep` and not with `other`; all of length m."""
        terms = self._terms(theirs, other) - self._terms(mine, rep)
        if terms.shape[1] == 0:
            nothing = np.zeros(rep.size)
            return Decision(np.full(rep.size, -1), nothing, nothing)
        kind = terms.argmax(axis=1)
        worth = terms[np.arange(rep.size), kind]
        kind = np.where(worth > SAME_USD, kind, -1)
        return Decision(kind, np.maximum(worth, 0.0), terms.sum(axis=1))

    def _terms(self, values: PairValues, rep: Ints) -> Floats:
        """(m, kinds) USD that the pairs cost in every limit."""
        held = (rep < self.problem.rep_count)[:, None]
        at = np.where(held[:, 0], rep, 0)
        if self.problem.rep_count:
            full = np.where(held, self.prices.above[at] * values.load, 0.0)
            short = np.where(held, -self.prices.below[at] * values.fill, 0.0)
        else:
            full = short = np.zeros(values.load.shape)
        return np.concatenate((full, short, self.prices.budget * values.weight), axis=1)


@dataclass(frozen=True)
class Comparison:
    """Of every unit, (U) each. Rep J is nobody, -1 no rep at all."""

    runner_up: Ints  # never nobody
    delta_usd: Floats  # NaN without a runner-up
    favourite: Ints  # may be nobody
    saving_usd: Floats  # what the favourite would save before limits are priced, >= 0
    decision: Decision  # for the owner against the favourite


def compare(outcome: Outcome) -> Comparison:
    """Two passes over all allowed pairs: with the prices, and without any."""
    problem, owner, prices = outcome.planning.problem, outcome.answer.owner, outcome.answer.prices
    pairs, reps = problem.pairs, outcome.reps
    units = np.arange(owner.size)
    mine = pairs.at(units, owner)
    priced = mine.priced(owner, prices)
    # The owner and nobody may stand before the runner-up.
    ranking = pairs.cheapest(prices, 3)
    other = (ranking.rep != owner[:, None]) & (ranking.rep >= 0) & (ranking.rep < reps)
    place = other.argmax(axis=1)
    found = other[units, place] if other.shape[1] else np.zeros(owner.size, dtype=bool)
    runner_up = np.where(found, ranking.rep[units, place], -1)
    delta = np.where(found, np.maximum(ranking.priced[units, place] - priced, 0.0), np.nan)

    free = Prices.zero(reps, len(problem.resources), len(problem.budgets))
    cheapest = pairs.cheapest(free, 1)
    favourite = cheapest.rep[:, 0].copy()
    saving = mine.cost - cheapest.priced[:, 0]
    is_same = (saving <= SAME_USD) | (favourite < 0)
    favourite = np.where(is_same, owner, favourite)
    kind = np.full(owner.size, -1)
    worth, relief = np.zeros(owner.size), np.zeros(owner.size)
    torn = np.flatnonzero(~is_same)
    decided = Decider(problem, prices).decide(
        _part(mine, torn), owner[torn], pairs.at(torn, favourite[torn]), favourite[torn]
    )
    kind[torn], worth[torn], relief[torn] = decided.kind, decided.worth_usd, decided.relief_usd
    return Comparison(
        runner_up=runner_up,
        delta_usd=delta,
        favourite=favourite,
        saving_usd=np.where(is_same, 0.0, saving),
        decision=Decision(kind, worth, relief),
    )


def _part(values: PairValues, at: Ints) -> PairValues:
    return PairValues(values.cost[at], values.load[at], values.fill[at], values.weight[at])

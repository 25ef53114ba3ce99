"""Dual prices of all limits for problems whose LP needs a good start.

The prices of a few units per rep, each standing for many, are close to those of all units. So the
LP of a small sample is solved first, then that of a larger one starting from its prices; all
against *all* reps, since in dense places a unit may belong to none of its nearest hundred. Units
that alone carry a good part of a target stay in every sample for themselves.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.lp import solve_lp
from optimization.engine.problem import (
    Arcs,
    Floats,
    Ints,
    Pairs,
    PairValues,
    Prices,
    Problem,
    Ranking,
)
from optimization.engine.watch import Watch

# Units per rep of the samples, from the first on.
SAMPLES = (10, 30)
# A unit that would weigh more than this share of a target for those it stands for stays itself.
LARGE = 0.2


def fit_prices(problem: Problem, watch: Watch, tell: Tell | None = None) -> Prices:
    """Prices near those of the LP over all units; valid, as any are, whenever the watch strikes."""
    prices = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    best = problem.pairs.cheapest(prices, 1)
    # Ten times what a mean territory costs at best: dearer than what a limit is worth.
    penalty = 10 * max(float(best.priced.sum()) / max(problem.rep_count, 1), 1.0)
    start: Prices | None = None
    for per_rep in SAMPLES:
        if per_rep * problem.rep_count >= problem.unit_count or watch.is_over():
            break
        sample = sample_of(problem, per_rep * problem.rep_count, best.rep[:, 0])
        start = solve_lp(sample, penalty=penalty, start=start, watch=watch, tell=tell).prices
    return start or prices


def sample_of(problem: Problem, size: int, owner: Ints) -> Problem:
    """A problem of about `size` units drawn by the seed, each counting for many.

    owner: (U) the rep at whom a unit's size is judged. Separate sets and incumbents are left out.
    """
    units = problem.unit_count
    values = problem.pairs.at(np.arange(units), owner)
    load = np.maximum(values.load, values.fill).max(axis=1, initial=0.0)
    is_large = load * (units / size) > LARGE
    small = np.flatnonzero(~is_large)
    drawn = np.random.default_rng(problem.seed).permutation(small)[:size]
    count = np.where(is_large, 1.0, 0.0)
    count[drawn] = small.size / max(drawn.size, 1)
    chosen = np.flatnonzero(count)
    pairs = SampledPairs(problem.pairs, chosen, count[chosen])
    return replace(problem, pairs=pairs, separate=(), incumbent=None)


@dataclass(frozen=True)
class SampledPairs:
    """The pairs of some units (n) of another source, each with all it takes times its count."""

    pairs: Pairs
    units: Ints
    count: Floats

    @property
    def unit_count(self) -> int:
        return self.units.size

    @property
    def rep_count(self) -> int:
        return self.pairs.rep_count

    def allowed_reps(self, unit: int) -> Ints:
        return self.pairs.allowed_reps(int(self.units[unit]))

    def pair_count(self) -> int:
        """Of the sample, by its share of the units: the count decides only how an LP begins."""
        return self.pairs.pair_count() * self.units.size // max(self.pairs.unit_count, 1)

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        return self._times(self.pairs.at(self.units[unit], rep), self.count[unit])

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        chosen = np.arange(self.units.size) if units is None else units
        ranking = self.pairs.cheapest(prices, depth, self.units[chosen])
        return Ranking(ranking.rep, ranking.priced * self.count[chosen][:, None])

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        chosen = np.arange(self.units.size) if units is None else units
        arcs = self.pairs.all_arcs(self.units[chosen])
        count = np.repeat(self.count[chosen], np.diff(arcs.first))
        return Arcs(arcs.first, arcs.rep, self._times(arcs.values, count))

    @staticmethod
    def _times(values: PairValues, count: Floats) -> PairValues:
        many = count[:, None]
        return PairValues(
            values.cost * count, values.load * many, values.fill * many, values.weight * many
        )

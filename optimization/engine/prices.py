"""Dual prices of all limits, with a basis, for problems whose LP needs a good start.

The prices of a few units per rep, each standing for many, are close to those of all units. So the
LP of a small sample is solved first; the next one, twice as large, starts from its prices *and its
basis* (`basis`), and so on. All against *all* reps, since in dense places a unit may belong to none
of its nearest hundred.

A unit is drawn with a chance in proportion to its size and stands for 1 / chance: every unit drawn
carries about the same load, and large units stand for themselves. Drawn with equal chances instead,
20 units a rep of 20,000 x 100 proved nothing at all; drawn by size they proved 96 % of the optimum.
Units with one allowed pair are not drawn: what they take is taken off the limits.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.basis import WarmPrices, warm
from optimization.engine.lp import solve_lp
from optimization.engine.problem import (
    Arcs,
    Floats,
    Ints,
    Limits,
    Pairs,
    PairValues,
    Prices,
    Problem,
    Ranking,
)
from optimization.engine.watch import Watch

# Units per rep of the samples: each LP is twice the last, so that all cost little more than the
# largest.
SAMPLES = (10, 20, 40, 80)
# Shares of the value at which the LP of a sample ends; its own error is far larger.
SAMPLE_GAP = 1e-3


def fit_prices(
    problem: Problem, watch: Watch, tell: Tell | None = None, *, penalty: float | None = None
) -> Prices:
    """Prices near those of the LP over all units; valid, as any are, whenever the watch strikes.

    penalty: USD per scaled unit of excess of hard limits; by default ten times what a mean
    territory costs at best.
    """
    prices = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    draw = Draw.of(problem, prices)
    penalty = penalty or 10 * max(draw.cost / max(problem.rep_count, 1), 1.0)
    for per_rep in SAMPLES:
        size = per_rep * problem.rep_count
        if size >= draw.units.size or watch.is_over():
            break
        sample, units = draw.sample(size)
        start = _among(prices, units)
        optimum = solve_lp(
            sample,
            penalty=penalty,
            start=start,
            watch=watch,
            rel_gap=SAMPLE_GAP,
        )
        if tell:
            tell("prices", None, None)
        prices = _renamed(optimum.prices, units)
    return prices


def _among(prices: Prices, units: Ints) -> Prices:
    return warm(prices, prices.basis.among(units)) if isinstance(prices, WarmPrices) else prices


def _renamed(prices: Prices, units: Ints) -> Prices:
    return warm(prices, prices.basis.renamed(units)) if isinstance(prices, WarmPrices) else prices


@dataclass(frozen=True)
class Draw:
    """Samples of a problem's units, each larger one holding the smaller ones.

    units: (n) those with a choice, rising. size: (n) their largest scaled load. lot: (n) in [0, 1),
    by the seed. rest: the problem with what the other units take off its limits.
    cost: USD of all units, each at its cheapest rep.
    """

    problem: Problem
    units: Ints
    size: Floats
    lot: Floats
    rest: Problem
    cost: float

    @classmethod
    def of(cls, problem: Problem, prices: Prices) -> "Draw":
        ranking = problem.pairs.cheapest(prices, 2)
        owner = ranking.rep[:, 0]
        is_open = (ranking.rep[:, 1:] >= 0).any(axis=1)
        units = np.flatnonzero(is_open)
        values = problem.pairs.at(units, owner[units])
        size = np.maximum(values.load, values.fill).max(axis=1, initial=0.0)
        least = float(size.mean()) / 100 if size.any() else 1.0
        return cls(
            problem=problem,
            units=units,
            size=np.maximum(size, least),
            lot=np.random.default_rng(problem.seed).random(problem.unit_count)[units],
            rest=_without(problem, np.flatnonzero(~is_open), owner[~is_open]),
            cost=float(np.abs(ranking.priced[:, 0]).sum()),
        )

    def sample(self, count: int) -> tuple[Problem, Ints]:
        """About `count` units as a problem of their own, and which they are."""
        chance = np.minimum(self.size * (count / self.size.sum()), 1.0)
        # Units that are certain leave more room for the others.
        for _ in range(20):
            chance = np.minimum(chance * (count / chance.sum()), 1.0)
        drawn = self.lot < chance
        units = self.units[drawn]
        pairs = SampledPairs(self.problem.pairs, units, 1.0 / chance[drawn])
        return replace(self.rest, pairs=pairs, separate=(), incumbent=None), units


def _without(problem: Problem, units: Ints, owner: Ints) -> Problem:
    """The problem whose limits are what some units, each at its owner, leave."""
    values = problem.pairs.at(units, owner)
    shape = (problem.rep_count + 1, len(problem.resources))
    load, fill = np.zeros(shape), np.zeros(shape)
    np.add.at(load, owner, values.load)
    np.add.at(fill, owner, values.fill)
    limits = problem.limits
    return replace(
        problem,
        limits=Limits(
            lower=limits.lower - fill[:-1],
            upper=limits.upper - load[:-1],
            soft_lower=limits.soft_lower - fill[:-1],
            soft_upper=limits.soft_upper - load[:-1],
            price_below=limits.price_below,
            price_above=limits.price_above,
        ),
        budget_limit=problem.budget_limit - values.weight.sum(axis=0),
    )


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
        """By the sample's share of the units: the number decides only how an LP begins."""
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

"""Samples of a problem's units, each unit drawn standing for many.

A unit is drawn with a chance in proportion to its size and stands for 1 / chance: every unit drawn
carries about the same load, and large units stand for themselves. Drawn with equal chances instead,
20 units a rep of 20,000 x 100 proved nothing at all; drawn by size they proved 96 % of the optimum.
Units with one allowed pair are not drawn: what they take is taken off the limits.
"""

from dataclasses import dataclass, replace

import numpy as np

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

    def sample(self, count: int) -> "Sample":
        """About `count` units as a problem of their own; all of them from their number on."""
        if count >= self.units.size:
            return self._of(np.ones(self.units.size))
        chance = np.minimum(self.size * (count / self.size.sum()), 1.0)
        # Units that are certain leave more room for the others.
        for _ in range(20):
            chance = np.minimum(chance * (count / chance.sum()), 1.0)
        return self._of(chance)

    def _of(self, chance: Floats) -> "Sample":
        drawn = self.lot < chance
        pairs = SampledPairs(self.problem.pairs, self.units[drawn], 1.0 / chance[drawn])
        problem = replace(self.rest, pairs=pairs, separate=(), incumbent=None)
        return Sample(problem, self.size[drawn])


@dataclass(frozen=True)
class Sample:
    """A problem over `SampledPairs`. size: (n) largest scaled load of one of each unit."""

    problem: Problem
    size: Floats


def _without(problem: Problem, units: Ints, owner: Ints) -> Problem:
    """The problem whose limits are what some units, each at its owner, leave."""
    values = problem.pairs.at(units, owner)
    limits = problem.limits
    return replace(
        problem,
        limits=limits.less(limits.totals(owner, values.load), limits.totals(owner, values.fill)),
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

    def limited_to(self, reps: Ints) -> "SampledPairs":
        return replace(self, pairs=self.pairs.limited_to(reps))

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

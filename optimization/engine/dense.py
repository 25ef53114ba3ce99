"""Pairs kept as whole matrices: small problems, benchmark instances, and tests."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimization.engine.problem import (
    Arcs,
    Bools,
    Floats,
    Ints,
    Pairs,
    PairValues,
    Prices,
    Ranking,
)

# Pairs evaluated at a time in `cheapest`: 4 million doubles are 32 MB.
BLOCK_PAIRS = 4_000_000


@dataclass(frozen=True)
class DensePairs:
    """Matrices over all pairs; column J of `allowed` and `cost` is nobody.

    allowed, cost: (U, J + 1). load, fill: (U, J, E). weight: (U, J + 1, B).
    """

    allowed: Bools
    cost: Floats
    load: Floats
    fill: Floats
    weight: Floats

    @classmethod
    def of(
        cls,
        cost: Floats,
        load: Floats,
        *,
        allowed: Bools | None = None,
        fill: Floats | None = None,
        weight: Floats | None = None,
        nobody: Floats | None = None,
    ) -> "DensePairs":
        """From matrices over units and reps.

        cost, allowed: (U, J). load, fill: (U, J, E). weight: (U, J + 1, B).
        nobody: (U) USD of staying unassigned, inf where the unit needs an owner; None: all do.
        """
        units, reps = cost.shape
        nobody = np.full(units, np.inf) if nobody is None else nobody
        may = np.ones((units, reps), dtype=bool) if allowed is None else allowed
        return cls(
            allowed=np.column_stack((may, np.isfinite(nobody))),
            cost=np.column_stack((cost, np.where(np.isfinite(nobody), nobody, 0.0))),
            load=load,
            fill=load if fill is None else fill,
            weight=np.zeros((units, reps + 1, 0)) if weight is None else weight,
        )

    @classmethod
    def copied(cls, pairs: Pairs) -> "DensePairs":
        """All pairs of another source, evaluated once."""
        arcs = pairs.all_arcs()
        units, reps = pairs.unit_count, pairs.rep_count
        resources, budgets = arcs.values.load.shape[1], arcs.values.weight.shape[1]
        unit, rep = arcs.unit, arcs.rep
        held = rep < reps
        allowed = np.zeros((units, reps + 1), dtype=bool)
        cost = np.zeros((units, reps + 1))
        load, fill = np.zeros((units, reps, resources)), np.zeros((units, reps, resources))
        weight = np.zeros((units, reps + 1, budgets))
        allowed[unit, rep] = True
        cost[unit, rep] = arcs.values.cost
        load[unit[held], rep[held]] = arcs.values.load[held]
        fill[unit[held], rep[held]] = arcs.values.fill[held]
        weight[unit, rep] = arcs.values.weight
        return cls(allowed, cost, load, fill, weight)

    @property
    def unit_count(self) -> int:
        return self.allowed.shape[0]

    @property
    def rep_count(self) -> int:
        return self.allowed.shape[1] - 1

    def allowed_reps(self, unit: int) -> Ints:
        return np.flatnonzero(self.allowed[unit])

    def pair_count(self) -> int:
        return int(self.allowed.sum())

    def limited_to(self, reps: Ints) -> "DensePairs":
        kept = np.zeros(self.rep_count + 1, dtype=bool)
        kept[reps] = kept[-1] = True
        is_single = self.allowed.sum(axis=1) == 1
        return replace(self, allowed=self.allowed & (kept | is_single[:, None]))

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        held = (rep < self.rep_count)[:, None]
        at = np.where(held[:, 0], rep, 0)
        return PairValues(
            cost=self.cost[unit, rep],
            load=np.where(held, self.load[unit, at], 0.0) if self.rep_count else self._none(unit),
            fill=np.where(held, self.fill[unit, at], 0.0) if self.rep_count else self._none(unit),
            weight=self.weight[unit, rep],
        )

    def _none(self, unit: Ints) -> Floats:
        return np.zeros((unit.size, self.load.shape[2]))

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        chosen = np.arange(self.unit_count) if units is None else units
        step = max(BLOCK_PAIRS // max(self.rep_count, 1), 1)
        blocks = [
            self._rank(prices, depth, chosen[start : start + step])
            for start in range(0, max(chosen.size, 1), step)
        ]
        return Ranking(
            np.concatenate([block.rep for block in blocks]),
            np.concatenate([block.priced for block in blocks]),
        )

    def _rank(self, prices: Prices, depth: int, units: Ints) -> Ranking:
        priced = self.cost[units] + self.weight[units] @ prices.budget
        priced[:, :-1] += np.einsum("uje,je->uj", self.load[units], prices.above)
        priced[:, :-1] -= np.einsum("uje,je->uj", self.fill[units], prices.below)
        priced = np.where(self.allowed[units], priced, np.inf)
        depth = min(depth, priced.shape[1])
        order = np.argsort(priced, axis=1, kind="stable")[:, :depth]
        best = np.take_along_axis(priced, order, axis=1)
        return Ranking(np.where(np.isfinite(best), order, -1), best)

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        chosen = np.arange(self.unit_count) if units is None else units
        place, rep = np.nonzero(self.allowed[chosen])
        first = np.concatenate(([0], np.cumsum(self.allowed[chosen].sum(axis=1))))
        return Arcs(first.astype(np.int64), rep.astype(np.int64), self.at(chosen[place], rep))

    @cached_property
    def largest_load(self) -> float:
        """Largest scaled load of any allowed pair: what the guard against huge numbers looks at."""
        held = self.allowed[:, :-1]
        return float(np.abs(self.load[held]).max(initial=0.0))

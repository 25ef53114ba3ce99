"""A nearly whole plan from the relaxation of a larger problem: split units placed one by one.

A vertex of the relaxation splits about as many units as limits bind, and rounding a large one is a
mistake that no later exchange mends: a territory that lost 0.6 targets of sales to its neighbour
would have to change half of its accounts at once. So split units are placed from the largest down,
each step followed by a warm solve that prices out every pair, while the others flow around them.
What is left split is worth little, and local search settles that.

Size alone is a poor order where limits are dear: if a territory's sales cost 300,000 USD a target,
an account of 0.01 targets is worth 3,000 USD, as much as one of 0.5 elsewhere. `BY_STAKE` orders
units by what is at stake, their load at the prices of the limits, and tries a second place where
the first turns out dear: groups of 50 reps with such territories then end 0.06 to 0.2 % above the
relaxation, by size 0.2 to 0.7 %. It takes three times as long, and gains nothing at 20,000 x 100.

This is the dive of smaller problems (`dive`) over the column generation of `lp`, which holds 25
units a rep instead of all: at 17,528 units x 100 reps 36 steps cost 6 s instead of 84.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine.bound import valid_prices
from optimization.engine.lp import Relaxation
from optimization.engine.problem import Floats, Ints, Prices, Problem
from optimization.engine.watch import Watch

FRACTION = 1e-6
# By size a whole target is worth so many times what a mean territory costs.
WORTH = 2.0
# Steps go down from half of the largest stake in levels of about this ratio, so that no large unit
# waits for a small one that happens to be alone.
LEVEL = 0.5
# Smallest stake that is looked at, as a share of the largest, where territories cost nothing.
LEAST_SHARE = 1e-4
# A unit with nearly all of its share in one place is placed along with the chosen ones.
NEARLY_WHOLE = 0.95
# A step that costs more than this share of a mean territory is taken back, and its dearest unit
# tried at its next largest share.
REGRET = 0.02


@dataclass(frozen=True)
class Manner:
    """How a descent goes on.

    least_stake: units with less at stake than this share of what a mean territory costs are left to
    the search. Sizes below 0.01 took hundreds of steps and gained nothing.
    pricings: times that a step prices out the pairs. Without, the LP lacks what the new prices
    want, and breaks limits from the seventh step on.
    """

    counts_prices: bool
    least_stake: float
    pricings: int
    steps: int
    trials: int


BY_SIZE = Manner(counts_prices=False, least_stake=0.02, pricings=2, steps=400, trials=0)
BY_STAKE = Manner(counts_prices=True, least_stake=0.01, pricings=1, steps=250, trials=40)


def descend(
    problem: Problem,
    prices: Prices,
    penalty: float,
    room: float,
    watch: Watch,
    manner: Manner = BY_SIZE,
) -> Ints:
    """(U) owners after all split units with much at stake have been placed.

    prices: of the relaxation's optimum, with its basis. penalty: USD per scaled unit of excess of a
    hard limit; room: total excess that costs nothing. What is still split goes to its largest
    share, and so does everything where the watch strikes.
    """
    relaxation = Relaxation(problem, penalty, room, prices, watch, None, 0.0)
    value = relaxation.resolve(manner.pricings)
    if value is None:
        return relaxation.owner
    return _Descent(relaxation, manner, value).run()


def unit_sizes(relaxation: Relaxation) -> Floats:
    """(U) largest share of a target of a resource with hard limits, at the unit's cheapest rep."""
    limits, values = relaxation.problem.limits, relaxation.values
    is_hard = np.isfinite(limits.upper).any(axis=0) | np.isfinite(limits.lower).any(axis=0)
    return np.maximum(values.load, values.fill)[:, is_hard].max(axis=1, initial=0.0)


@dataclass(frozen=True)
class _Split:
    """Units split in the last LP, rising, with what is at stake; their shares follow each other."""

    unit: Ints  # (n)
    stake: Floats  # (n) USD: load at the prices of the dearest rep with a share
    first: Ints  # (n + 1) shares of unit k are first[k] : first[k + 1], largest first
    rep: Ints
    share: Floats

    @classmethod
    def of(cls, relaxation: Relaxation, worth: Floats, counts_prices: bool) -> "_Split":
        """worth: (U) USD at stake where prices do not count."""
        lp, problem = relaxation.lp, relaxation.problem
        share = lp.shares()
        found = np.flatnonzero((share > FRACTION) & (share < 1 - FRACTION))
        found = found[np.lexsort((lp.rep[found], -share[found], lp.unit[found]))]
        unit, rep = lp.unit[found], lp.rep[found]
        units, first = np.unique(unit, return_index=True)
        stake = worth[units]
        if counts_prices and units.size:
            prices = valid_prices(problem.limits, lp.prices())
            values = problem.pairs.at(unit, rep)
            held = rep < problem.rep_count
            at = np.where(held, rep, 0)
            cost = (prices.above[at] * values.load + prices.below[at] * values.fill).sum(axis=1)
            stake = np.maximum.reduceat(np.where(held, cost, 0.0), first)
        return cls(units, stake, np.append(first, unit.size), rep, share[found])

    def reps(self, k: int) -> Ints:
        """Reps with a share of the unit in place k, largest share first."""
        return self.rep[self.first[k] : self.first[k + 1]]


@dataclass
class _Descent:
    """The relaxation and its last value, USD, as units are placed."""

    relaxation: Relaxation
    manner: Manner
    value: float
    trials: int = 0

    def run(self) -> Ints:
        relaxation, manner = self.relaxation, self.manner
        mean = abs(self.value) / max(relaxation.problem.rep_count, 1)
        worth = WORTH * mean * unit_sizes(relaxation)
        owner = relaxation.owners()
        least, steps = manner.least_stake * mean, 0
        split = _Split.of(relaxation, worth, manner.counts_prices)
        for level in _levels(float(split.stake.max(initial=0.0)), least):
            while steps < manner.steps and (split.stake >= level).any():
                value = self._step(split, level, REGRET * mean)
                if value is None:
                    return owner
                self.value, owner, steps = value, relaxation.owners(), steps + 1
                split = _Split.of(relaxation, worth, manner.counts_prices)
        return owner

    def _step(self, split: _Split, level: float, regret: float) -> float | None:
        """Place what is chosen; the value then, None where the watch struck."""
        chosen = self._chosen(split, level)
        dearest = int(chosen[np.argmax(split.stake[chosen])])
        reps = split.reps(dearest)
        value = self._placed(split, chosen, None)
        if value is None or value - self.value <= regret or self.trials >= self.manner.trials:
            return value
        # Something went to the wrong place: the dearest alone, at either of its largest shares.
        self.trials += 1
        self.relaxation.release(split.unit[chosen])
        best: tuple[float, int] | None = None
        for rep in reps[:2].tolist():
            found = self._placed(split, np.array([dearest]), rep)
            if found is None:
                return None
            if best is None or found < best[0]:
                best = (found, rep)
        assert best is not None
        return self._placed(split, np.array([dearest]), best[1])

    def _placed(self, split: _Split, chosen: Ints, rep: int | None) -> float | None:
        """The value once the chosen units are at `rep`, or each at its largest share."""
        units = split.unit[chosen]
        reps = split.rep[split.first[chosen]] if rep is None else np.full(units.size, rep)
        self.relaxation.place(units, reps)
        return self.relaxation.resolve(self.manner.pricings)

    def _chosen(self, split: _Split, level: float) -> Ints:
        """Places of units to place at once: the dearest with the clearest share, no two at one rep,
        and those that are nearly whole."""
        taken = np.zeros(self.relaxation.problem.rep_count + 1, dtype=bool)
        share = split.share[split.first[:-1]]
        chosen = share >= NEARLY_WHOLE
        for k in np.argsort(-split.stake * (0.2 + share), kind="stable").tolist():
            if split.stake[k] < level:
                continue
            reps = split.reps(k)
            if not taken[reps].any():
                taken[reps] = True
                chosen[k] = True
        return np.flatnonzero(chosen)


def _levels(top: float, least: float) -> Floats:
    """Stakes from half of the top down to the least, falling."""
    if top <= 0.0 or top < least:
        return np.zeros(0)
    least = max(least, LEAST_SHARE * top)
    count = int(np.ceil(np.log(least / top) / np.log(LEVEL)))
    return np.geomspace(max(LEVEL * top, least), least, max(count, 1))

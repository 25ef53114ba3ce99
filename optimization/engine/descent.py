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
from optimization.engine.split_units import SplitUnits, unit_sizes
from optimization.engine.watch import Watch

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
# tried at its next largest share. The larger share only finds the steps that break a limit: most
# others cost as much at either place.
REGRET, LARGE_REGRET = 0.02, 0.1


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
    regret: float = REGRET


BY_SIZE = Manner(counts_prices=False, least_stake=0.02, pricings=2, steps=400, trials=0)
BY_STAKE = Manner(counts_prices=True, least_stake=0.01, pricings=1, steps=250, trials=40)
# Beside plans of the problem under other limits, which keep these: there an excess is of no use. At
# 2,000 x 40 with three quarters of the moves the plan ends with 0.06 targets more excess than that
# plan, with half the trials and pricings 0.28, in four fifths of the time.
AGAIN = Manner(
    counts_prices=False,
    least_stake=0.02,
    pricings=2,
    steps=400,
    trials=20,
    regret=LARGE_REGRET,
)


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


@dataclass
class _Descent:
    """The relaxation and its last value, USD, as units are placed."""

    relaxation: Relaxation
    manner: Manner
    value: float
    trials: int = 0

    def __post_init__(self) -> None:
        self.mean = abs(self.value) / max(self.relaxation.problem.rep_count, 1)
        self.worth = WORTH * self.mean * unit_sizes(self.relaxation)

    def run(self) -> Ints:
        relaxation, manner = self.relaxation, self.manner
        owner = relaxation.owners()
        least, steps = manner.least_stake * self.mean, 0
        split = SplitUnits.of(relaxation)
        stake = self._stake(split)
        for level in _levels(float(stake.max(initial=0.0)), least):
            while steps < manner.steps and (stake >= level).any():
                value = self._step(split, stake, level)
                if value is None:
                    return owner
                self.value, owner, steps = value, relaxation.owners(), steps + 1
                split = SplitUnits.of(relaxation)
                stake = self._stake(split)
        return owner

    def _stake(self, split: SplitUnits) -> Floats:
        """(n) USD: each unit's worth by size, or its load at the prices of its dearest rep."""
        if not self.manner.counts_prices or not split.unit.size:
            return self.worth[split.unit]
        problem, lp = self.relaxation.problem, self.relaxation.lp
        prices = valid_prices(problem.limits, lp.prices())
        unit = np.repeat(split.unit, np.diff(split.first))
        stake = problem.pairs.at(unit, split.rep).stake(split.rep, prices)
        return np.maximum.reduceat(stake, split.first[:-1])

    def _step(self, split: SplitUnits, stake: Floats, level: float) -> float | None:
        """Place what is chosen; the value then, None where the watch struck."""
        chosen = self._chosen(split, stake, level)
        dearest = int(chosen[np.argmax(stake[chosen])])
        value = self._placed(split.unit[chosen], split.top_rep[chosen])
        is_dear = value is not None and value - self.value > self.manner.regret * self.mean
        if not is_dear or self.trials >= self.manner.trials:
            return value
        # Something went to the wrong place: the dearest alone, at either of its largest shares.
        self.trials += 1
        self.relaxation.release(split.unit[chosen])
        unit, reps = split.unit[[dearest]], split.reps(dearest)[:2]
        values = []
        for rep in reps:
            value = self._placed(unit, np.array([rep]))
            if value is None:
                return None
            values.append(value)
        return self._placed(unit, reps[[int(np.argmin(values))]])

    def _placed(self, units: Ints, reps: Ints) -> float | None:
        """The value once the units are at these reps; None where the watch struck."""
        self.relaxation.place(units, reps)
        return self.relaxation.resolve(self.manner.pricings)

    def _chosen(self, split: SplitUnits, stake: Floats, level: float) -> Ints:
        """Places of units to place at once: the dearest with the clearest share, no two at one rep,
        and those that are nearly whole."""
        taken = np.zeros(self.relaxation.problem.rep_count + 1, dtype=bool)
        chosen = split.top_share >= NEARLY_WHOLE
        for k in np.argsort(-stake * (0.2 + split.top_share), kind="stable").tolist():
            if stake[k] < level:
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

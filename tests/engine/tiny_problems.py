"""Random problems small enough to try every plan, and the truth about them.

Everything is on a coarse grid, so that no plan lies within a rounding error of a limit: loads are
multiples of 1/8 and limits of 1/16, which binary numbers hold exactly.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from optimization.engine.dense import DensePairs
from optimization.engine.problem import Effort, Limits, Problem

Array = np.ndarray


@st.composite
def tiny_problems(draw: st.DrawFn, most_units: int = 7) -> Problem:
    """Units, reps and limits with every feature of the engine mixed."""
    # One drawn seed instead of hundreds of drawn numbers: forty times faster, as repeatable.
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    units = int(rng.integers(1, most_units + 1))
    reps = int(rng.choice([1, 2, 3, 3, 3]))
    resources = draw(st.sampled_from([2, 1, 3, 0]))
    budgets = draw(st.sampled_from([1, 0, 0, 2]))
    shares_loads = draw(st.booleans())
    load = rng.integers(0, 9, (units, 1 if shares_loads else reps, resources)) / 8
    load = np.broadcast_to(load, (units, reps, resources)).copy()
    is_giant = rng.random((units, 1, resources)) < draw(st.sampled_from([0.0, 0.2]))
    load[np.broadcast_to(is_giant, load.shape)] *= 4
    # A giant takes nothing of the upper side and fills the lower one.
    fill = np.where(is_giant, 0.75, load)
    load = np.where(is_giant & draw(st.booleans()), 0.0, load)
    allowed = rng.random((units, reps)) < draw(st.sampled_from([1.0, 0.7]))
    may_stay = rng.random(units) < draw(st.sampled_from([0.0, 0.3]))
    none = ~allowed.any(axis=1) & ~may_stay
    allowed[none, rng.integers(0, reps, units)[none]] = True
    cost = rng.integers(0, draw(st.sampled_from([3, 40, 40])), (units, reps)).astype(float)
    weight = rng.integers(0, 3, (units, reps + 1, budgets)) / 8
    return Problem(
        pairs=DensePairs.of(
            cost,
            load,
            allowed=allowed,
            fill=fill,
            weight=weight,
            nobody=np.where(may_stay, rng.integers(0, 60, units).astype(float), np.inf),
        ),
        limits=_of_teams(draw, rng, _limits(draw, rng, load, reps, resources)),
        resources=("hours", "potential", "clock_hours")[:resources],
        budgets=("sales", "accounts")[:budgets],
        budget_limit=np.round(units * rng.uniform(0.3, 2.0, budgets)) / 8 + 1 / 16,
        separate=_separate(draw, rng, units),
        effort=Effort(node_limit=100_000),
    )


def _limits(
    draw: st.DrawFn, rng: np.random.Generator, load: Array, reps: int, resources: int
) -> Limits:
    """Bands around a fair share, some one-sided, some missing, some too tight for any plan."""
    shape = (reps, resources)
    fair = np.round(load.mean(axis=1).sum(axis=0) / reps * 16) / 16
    width = draw(st.sampled_from([1.0, 0.5, 0.25, 0.125])) + 1 / 16
    has_upper = rng.random(shape) < draw(st.sampled_from([1.0, 0.7]))
    has_lower = rng.random(shape) < draw(st.sampled_from([1.0, 0.5, 0.0]))
    upper = np.where(has_upper, fair + width, np.inf)
    lower = np.where(has_lower, fair - width, -np.inf)
    is_soft = rng.random(shape) < draw(st.sampled_from([0.0, 0.6]))
    price = rng.integers(1, 30, (2, *shape)).astype(float)
    return Limits(
        lower=lower,
        upper=upper,
        soft_lower=np.where(is_soft, np.maximum(fair - width / 2, lower), -np.inf),
        soft_upper=np.where(is_soft, np.minimum(fair + width / 2, upper), np.inf),
        price_below=np.where(is_soft, price[0], 0.0),
        price_above=np.where(is_soft, price[1], 0.0),
    )


def _of_teams(draw: st.DrawFn, rng: np.random.Generator, limits: Limits) -> Limits:
    """Now and then the limits of the last resource are of teams, with as much room as their reps
    have on average; who is in none has no limit."""
    reps, resources = limits.upper.shape
    if not resources or not draw(st.sampled_from([False, True])):
        return limits
    place = np.repeat(np.arange(reps)[:, None], resources, axis=1)
    team = rng.integers(0, 2, reps)
    alone = rng.random(reps) < 0.2
    sides = {name: value.copy() for name, value in vars(limits).items() if name != "place"}
    none = vars(Limits.none(reps, 1))
    for t in (0, 1):
        members = np.flatnonzero((team == t) & ~alone)
        if members.size:
            place[members, -1] = members[0]
            for name in sides:
                factor = 1 if name.startswith("price") else members.size
                sides[name][members[0], -1] *= factor
    idle = alone | (place[:, -1] != np.arange(reps))
    for name, value in sides.items():
        value[idle, -1] = none[name][idle, 0]
    return Limits(**sides, place=place)


def _separate(draw: st.DrawFn, rng: np.random.Generator, units: int) -> tuple[Array, ...]:
    sets = draw(st.sampled_from([0, 0, 1, 2])) if units > 1 else 0
    return tuple(
        np.sort(rng.choice(units, size=min(units, rng.choice([2, 2, 3, 4])), replace=False))
        for _ in range(sets)
    )


@dataclass(frozen=True)
class EveryAnswer:
    """One row per plan, in the order of `owner`."""

    owner: Array  # (P, U), |J| for nobody
    cost: Array  # (P) USD
    relaxation: Array  # (P) total excess of hard limits
    clashes: Array  # (P) units too many at one rep, over all separate sets

    @property
    def fewest_clashes(self) -> int:
        return int(self.clashes.min())

    @property
    def least_relaxation(self) -> float:
        return float(self.relaxation[self.clashes == self.fewest_clashes].min())

    def optimum(self, relaxation: float | None = None) -> float:
        """Lowest cost with the fewest clashes and at most so much (default: the least) relaxation.

        The room of 1e-9 is for sums of shares: the grid keeps plans much further apart.
        """
        most = self.least_relaxation if relaxation is None else relaxation
        kept = (self.clashes == self.fewest_clashes) & (self.relaxation <= most + 1e-9)
        return float(self.cost[kept].min())


def every_answer(problem: Problem) -> EveryAnswer:
    """All plans of a tiny problem, each term written out once more from the definitions."""
    pairs, limits = problem.pairs, problem.limits
    assert isinstance(pairs, DensePairs)
    units, reps = pairs.unit_count, pairs.rep_count
    choices = [np.flatnonzero(pairs.allowed[u]) for u in range(units)]
    owner = np.array(list(itertools.product(*choices)), dtype=np.int64).reshape(-1, units)
    cost, used = np.zeros(len(owner)), np.zeros((len(owner), len(problem.budgets)))
    load = np.zeros((len(owner), reps, len(problem.resources)))
    fill = np.zeros_like(load)
    for u in range(units):
        cost += pairs.cost[u, owner[:, u]]
        used += pairs.weight[u, owner[:, u]]
        for j in range(reps):
            mine = owner[:, u] == j
            for e in range(len(problem.resources)):
                at = j if limits.place is None else limits.place[j, e]
                load[mine, at, e] += pairs.load[u, j, e]
                fill[mine, at, e] += pairs.fill[u, j, e]
    relaxation = np.maximum(used - problem.budget_limit, 0).sum(axis=1)
    for j in range(reps):
        for e in range(len(problem.resources)):
            y, z = load[:, j, e], fill[:, j, e]
            relaxation += np.maximum(y - limits.upper[j, e], 0)
            relaxation += np.maximum(limits.lower[j, e] - z, 0)
            cost += limits.price_above[j, e] * _beyond(y, limits.soft_upper[j, e])
            cost += limits.price_below[j, e] * _beyond(-z, -limits.soft_lower[j, e])
    clashes = np.zeros(len(owner), dtype=int)
    for members in problem.separate:
        for j in range(reps):
            clashes += np.maximum((owner[:, members] == j).sum(axis=1) - 1, 0)
    return EveryAnswer(owner, cost, relaxation, clashes)


def _beyond(amount: Array, limit: float) -> Array:
    return np.maximum(amount - limit, 0) if np.isfinite(limit) else np.zeros(len(amount))

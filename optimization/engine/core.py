"""The pairs worth a look: candidates by priced cost, and the units whose owner is not settled."""

import numpy as np

from optimization.engine.problem import Arcs, Bools, Ints, PairValues, Prices, Problem, Ranking

# Scaled load below which a unit counts as carrying none.
LEAST_LOAD = 1e-12


def core_arcs(problem: Problem, prices: Prices, depth: int, units: Ints | None = None) -> Arcs:
    """The `depth` pairs of lowest priced cost of each unit, and the pair with its incumbent.

    units: (n) rising, None for all; `first` of the arcs has n + 1 places, in the order of units.
    """
    chosen = np.arange(problem.unit_count) if units is None else units
    ranking = problem.pairs.cheapest(prices, depth, units)
    row, place = np.nonzero(ranking.rep >= 0)
    rep = ranking.rep[row, place]
    missing = np.flatnonzero(_lacks_incumbent(problem, chosen, ranking))
    if missing.size:
        row = np.concatenate((row, missing))
        rep = np.concatenate((rep, problem.incumbent[chosen[missing]]))  # type: ignore[index]
    order = np.argsort(row * (problem.rep_count + 1) + rep)
    row, rep = row[order], rep[order]
    first = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=chosen.size))))
    return Arcs(first.astype(np.int64), rep, problem.pairs.at(chosen[row], rep))


def _lacks_incumbent(problem: Problem, units: Ints, ranking: Ranking) -> Bools:
    """(n) where the incumbent may own the unit but is not among its ranked reps."""
    if problem.incumbent is None:
        return np.zeros(units.size, dtype=bool)
    incumbent = problem.incumbent[units]
    lacks = (incumbent >= 0) & ~(ranking.rep == incumbent[:, None]).any(axis=1)
    for row in np.flatnonzero(lacks).tolist():
        lacks[row] = incumbent[row] in problem.pairs.allowed_reps(int(units[row]))
    return lacks


def unsettled_units(ranking: Ranking, values: PairValues, count: int) -> Ints:
    """The `count` units, rising, with the smallest priced margin for the load they carry.

    ranking: of all units, two places or more; values: of the best pairs. What a unit costs to move
    counts per load moved: margins alone left the relaxation 3 % off, scaled ones made it exact.
    """
    if ranking.priced.shape[1] < 2:
        return np.zeros(0, dtype=np.int64)
    margin = ranking.priced[:, 1] - ranking.priced[:, 0]
    load = np.maximum(values.load, values.fill).sum(axis=1) + np.abs(values.weight).sum(axis=1)
    score = margin / np.maximum(load, LEAST_LOAD)
    # Units with a single pair have an infinite margin: nothing about them is open.
    order = np.argsort(score, kind="stable")[:count]
    return np.sort(order[np.isfinite(margin[order])])


def units_near_reps(ranking: Ranking, values: PairValues, count: int, reps: int) -> Ints:
    """For every rep the `count` units, rising, that cost least per load to bring in or to let go.

    ranking: of all units, two places or more; values: of the best pairs. A common scale for all
    reps leaves those with dear limits without units to fit their books with.
    """
    priced = ranking.priced - ranking.priced[:, :1]
    priced[:, 0] = priced[:, 1] if priced.shape[1] > 1 else np.inf
    row, place = np.nonzero((ranking.rep >= 0) & (ranking.rep < reps) & np.isfinite(priced))
    load = np.maximum(values.load, values.fill).sum(axis=1)
    rep, score = ranking.rep[row, place], priced[row, place] / np.maximum(load[row], LEAST_LOAD)
    order = np.lexsort((row, score, rep))
    first = np.searchsorted(rep[order], np.arange(reps + 1))
    rank = np.arange(order.size) - first[rep[order]]
    return np.unique(row[order[rank < count]])

"""A higher bound where single units are large against a territory.

The linear relaxation is weak only there: splitting a unit of 2 % of a target costs nothing,
splitting one of 60 % hides a real decision. Two remedies, both proved over all pairs:

1. cuts from the modes of large units, rep by rep                        (mode_cuts)
2. branch and bound on the owners of large units, with the cuts          (branching)

Pairs that no plan cheaper than the given cost uses, proved by the certificate, are left out.
"""

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.bound import Certificate, certify
from optimization.engine.branching import branch
from optimization.engine.cut_lp import CutLp
from optimization.engine.dive import unit_sizes
from optimization.engine.fixing import surviving_arcs
from optimization.engine.mode_cuts import SPLIT, mode_cut
from optimization.engine.priced_teams import with_priced_teams
from optimization.engine.problem import TOLERANCE, Arcs, Bools, Floats, Problem
from optimization.engine.watch import Watch

# Surviving pairs up to which the bound is worth the memory and the seconds.
MOST_PAIRS = 400_000
# Units of at least this share of a target are told apart; below nothing is gained.
LARGE_UNIT = 0.1
# Rounds of cuts, and the least gain of three of them as a share of the gap.
CUT_ROUNDS = 20
LEAST_GAIN = 0.01
# Rounds between which cuts that the LP does not need are dropped.
DROP_ROUNDS = 4
# Penalty of excess, USD per whole target: so many times what a mean territory costs.
PENALTY = 10.0


def raise_bound(
    problem: Problem,
    certificate: Certificate,
    cost: float,
    watch: Watch,
    *,
    nodes: int,
    relaxation: float = 0.0,
    tell: Tell | None = None,
) -> float:
    """A proved lower bound in USD on every plan of total relaxation at most `relaxation`.

    certificate: a bound for the same relaxation, with its prices. cost: of the best plan known, in
    USD; pairs that no cheaper plan uses are left out, so no bound above it is proved. nodes: LPs
    of branch and bound. Ends at `cost` * (1 - rel_gap), after `nodes` LPs, or when the watch
    strikes; separate sets are ignored, which is valid.
    """
    gap = problem.effort.rel_gap * abs(cost)
    if not np.isfinite(cost) or certificate.bound >= cost - gap:
        return certificate.bound
    # The bound may rest on more than its prices (separate sets); what fixes pairs may not.
    proved = certify(problem, certificate.prices, relaxation)
    arcs = surviving_arcs(problem, proved, cost, MOST_PAIRS)
    if arcs is None:
        return certificate.bound
    priced = arcs.values.priced(arcs.rep, certificate.prices)
    # The rows of these cuts are of single reps; those of teams are priced once and for all.
    problem, arcs, constant = with_priced_teams(problem, arcs, proved.prices, relaxation)
    cost -= constant
    size = unit_sizes(problem, arcs)
    if not (size >= LARGE_UNIT).any():
        return certificate.bound
    penalty = PENALTY * max(abs(cost) / max(problem.rep_count, 1), 1.0)
    lp = CutLp(problem, arcs, priced, penalty, relaxation)
    lp.allow(_fitting(problem, arcs, relaxation))
    bound = _cut(lp, size, certificate.bound - constant, cost - gap, watch, tell)
    if bound < cost - gap and nodes > 0 and not watch.is_over():
        bound = max(bound, branch(lp, size, bound, cost - gap, watch, nodes, tell))
    return max(min(bound, cost) + constant, certificate.bound)


def _fitting(problem: Problem, arcs: Arcs, relaxation: float) -> Bools:
    """(A) pairs that a plan may use: alone they keep the hard upper limits of their rep."""
    held = arcs.rep < problem.rep_count
    upper = problem.limits.upper[np.where(held, arcs.rep, 0)] + relaxation + TOLERANCE
    fits = (arcs.values.load <= upper).all(axis=1) | ~held
    # Negative loads could make room; and a unit that fits nobody is left to the penalty.
    fits |= bool((arcs.values.load < 0).any())
    stuck = ~np.logical_or.reduceat(fits, arcs.first[:-1])
    return fits | np.repeat(stuck, np.diff(arcs.first))


def _cut(
    lp: CutLp, size: Floats, bound: float, target: float, watch: Watch, tell: Tell | None
) -> float:
    """Solve and add cuts until they gain too little; the best bound, at least `bound`."""
    history = [bound]
    for _ in range(CUT_ROUNDS):
        if watch.is_over():
            break
        solved = lp.solve(watch.left, target)
        if solved is None:
            break
        bound = max(bound, solved)
        history.append(bound)
        if tell:
            tell("modes of large units", bound, None)
        least = LEAST_GAIN * (target - bound)
        if bound >= target or (len(history) > 4 and bound - history[-4] < least):
            break
        if len(history) % DROP_ROUNDS == 0:
            lp.drop_idle_cuts()
        if not add_mode_cuts(lp, size):
            break
    return bound


def add_mode_cuts(lp: CutLp, size: Floats) -> int:
    """Cuts for every split large unit and rep of the last LP; returns how many were added."""
    unit, rep = lp.unit, lp.arcs.rep
    split = (lp.share > SPLIT) & (lp.share < 1 - SPLIT) & (rep < lp.problem.rep_count)
    places = np.flatnonzero(split & (size[unit] >= LARGE_UNIT))
    places = places[np.argsort(-size[unit[places]], kind="stable")]
    added = []
    for j in np.unique(rep[places]).tolist():
        rows = lp.rows[j]
        share = lp.share[rows.place]
        slack = lp.soft_slack(j)
        cuts = [lp.cuts[c] for c in lp.cuts_of(j)]
        for place in places[rep[places] == j].tolist():
            leader = int(np.searchsorted(rows.place, place))
            cut = mode_cut(rows, cuts, j, leader, share, slack, lp.relaxation)
            if cut is not None:
                cuts.append(cut)
                added.append(cut)
    lp.add_cuts(added)
    return len(added)

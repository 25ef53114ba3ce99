"""Exact re-deals among a few neighbouring reps at a time, where a plan loses most.

The distance between a plan's cost and the bound is the sum of what each unit loses against its
cheapest pair at the certificate's prices, and of what each limit loses by slack that has a price.
Both are charged to reps; the rep with the largest loss and the reps that want its units are dealt
again by an integer model, while everybody else stays.
"""

import numpy as np

from optimization.engine.bound import Certificate
from optimization.engine.fixing import excess_of
from optimization.engine.model import solve_model
from optimization.engine.parts import part_of
from optimization.engine.problem import Arcs, Floats, Ints, Problem
from optimization.engine.watch import Watch

PART_REPS = 5
PART_ARCS = 4_000
PART_NODES = 200
# Parts of one round: about a fifth of the reps become the centre of one.
PARTS_PER_REP = 0.2


def improve_parts(
    problem: Problem,
    arcs: Arcs,
    owner: Ints,
    certificate: Certificate,
    watch: Watch,
    number: int,
) -> Ints:
    """A plan at least as good as `owner` (U), after one round of re-deals."""
    rng = np.random.default_rng((problem.seed, number))
    tired = np.zeros(problem.rep_count)
    for _ in range(max(int(problem.rep_count * PARTS_PER_REP), 4)):
        if watch.is_over():
            break
        reps = _together(problem, arcs, owner, certificate, tired, rng)
        tired[reps] += 1
        part = part_of(problem, arcs, owner, reps)
        if part.units.size < 2:
            continue
        answer = solve_model(
            part.problem,
            part.problem.pairs.all_arcs(),
            start=part.owners(owner),
            watch=watch,
            rel_gap=1e-6,
            node_limit=PART_NODES,
        )
        if answer.owner is None:
            continue
        changed = part.put_back(owner, answer.owner)
        if _merit(problem, changed) < _merit(problem, owner):
            owner = changed
            tired[reps] -= 1
    return owner


def _merit(problem: Problem, owner: Ints) -> tuple[float, float]:
    plan = problem.evaluate(owner)
    return plan.relaxation + plan.clashes, plan.objective


def losses(problem: Problem, owner: Ints, certificate: Certificate) -> Floats:
    """(J) USD of the gap that each rep's units and limits are charged with."""
    prices, limits = certificate.prices, problem.limits
    reps = problem.rep_count
    loss = np.bincount(owner, weights=excess_of(problem, certificate, owner), minlength=reps + 1)
    plan = problem.evaluate(owner)
    hard_above = prices.above > limits.price_above
    top = np.where(hard_above, limits.upper, limits.soft_upper)
    room = np.where(np.isfinite(top), np.maximum(top - plan.load, 0.0), 0.0)
    hard_below = prices.below > limits.price_below
    bottom = np.where(hard_below, limits.lower, limits.soft_lower)
    spare = np.where(np.isfinite(bottom), np.maximum(plan.fill - bottom, 0.0), 0.0)
    return loss[:reps] + (prices.above * room + prices.below * spare).sum(axis=1)


def _together(
    problem: Problem,
    arcs: Arcs,
    owner: Ints,
    certificate: Certificate,
    tired: Floats,
    rng: np.random.Generator,
) -> Ints:
    """The rep that loses most and the reps that most of its units could go to or come from."""
    reps = problem.rep_count
    loss = losses(problem, owner, certificate)
    noise = rng.uniform(0.5, 1.0, reps)
    centre = int(np.argmax((loss + 1e-9) * 0.5**tired * noise))
    unit = arcs.unit
    held = arcs.rep < reps
    leaves = held & (owner[unit] == centre) & (arcs.rep != centre)
    comes = held & (arcs.rep == centre) & (owner[unit] != centre) & (owner[unit] < reps)
    affinity = np.bincount(arcs.rep[leaves], minlength=reps).astype(float)
    affinity += np.bincount(owner[unit[comes]], minlength=reps)
    affinity = affinity * (0.2 * loss.mean() + loss + 1e-9) * 0.7**tired
    affinity *= rng.uniform(0.3, 1.0, reps)
    affinity[centre] = np.inf
    chosen = np.argsort(-affinity, kind="stable")[: min(PART_REPS, reps)]
    return np.sort(chosen)

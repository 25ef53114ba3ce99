"""Exact re-deals among a few neighbouring reps at a time: repair and improvement of a plan.

The distance between a plan's cost and the bound is the sum of what each unit loses against its
cheapest pair at the certificate's prices, and of what each limit loses by slack that has a price.
Both are charged to reps. A rep that exceeds its limits, or loses most, is dealt again by an integer
model together with the reps that its units could go to or come from; everybody else stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimization.engine.bound import Certificate
from optimization.engine.fixing import excess_of
from optimization.engine.model import solve_model
from optimization.engine.parts import Part, Standing, part_of
from optimization.engine.problem import TOLERANCE, Arcs, Floats, Ints, Problem
from optimization.engine.watch import Watch

Run = Callable[[Sequence[Callable[[], Ints]]], list[Ints]]

PART_REPS = 5
# Pairs of one part: HiGHS settles them in about 0.1 s.
PART_PAIRS = 500
PART_NODES = 60
# Parts dealt at a time; fixed, so that the number of threads does not matter.
LANES = 2


@dataclass
class _Round:
    """What the choice of the next parts looks at."""

    problem: Problem
    arcs: Arcs
    certificate: Certificate
    standing: Standing
    tired: Floats  # (J) how often a rep was dealt without gain
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.unit = self.arcs.unit
        priced = self.arcs.values.priced(self.arcs.rep, self.certificate.prices)
        least = np.minimum.reduceat(priced, self.arcs.first[:-1])
        self.excess = priced - np.repeat(least, np.diff(self.arcs.first))
        self.unit_loss = excess_of(self.problem, self.certificate, self.standing.owner)

    def losses(self) -> Floats:
        """(J) USD of the gap that each rep's units and limits are charged with."""
        prices, limits = self.certificate.prices, self.problem.limits
        reps, standing = self.problem.rep_count, self.standing
        loss = np.bincount(standing.owner, weights=self.unit_loss, minlength=reps + 1)[:reps]
        top = np.where(prices.above > limits.price_above, limits.upper, limits.soft_upper)
        room = np.where(np.isfinite(top), np.maximum(top - standing.load, 0.0), 0.0)
        floor = np.where(prices.below > limits.price_below, limits.lower, limits.soft_lower)
        spare = np.where(np.isfinite(floor), np.maximum(standing.fill - floor, 0.0), 0.0)
        own = limits.own(prices.above) * room + limits.own(prices.below) * spare
        return loss + own.sum(axis=1)

    def group(self, taken: Ints) -> Ints | None:
        """The next reps to deal among, none of them in `taken`; None where there are too few."""
        reps, owner = self.problem.rep_count, self.standing.owner
        loss, broken = self.losses(), self.standing.concern
        # A rep over its limits comes before any that only loses money.
        need = loss + broken * (10 * loss.sum() + 1.0)
        free = np.ones(reps, dtype=bool)
        free[taken] = False
        if free.sum() < 2:
            return None
        tired = 0.5**self.tired * self.rng.uniform(0.5, 1.0, reps)
        centre = int(np.argmax(np.where(free, (need + 1e-9) * tired, -1.0)))
        nobody = reps
        close = np.exp(-self.excess / (self.excess.mean() + 1e-12))
        leaves = (owner[self.unit] == centre) & (self.arcs.rep < nobody)
        comes = (self.arcs.rep == centre) & (owner[self.unit] < nobody)
        gives = np.bincount(self.arcs.rep[leaves], close[leaves], reps)
        takes = np.bincount(owner[self.unit[comes]], close[comes], reps)
        worth = (0.3 * loss.mean() + loss + 1e-9) * self.rng.uniform(0.3, 1.0, reps)
        affinity = (gives + takes) * worth * 0.8**self.tired
        affinity = np.where(free, affinity, -1.0)
        affinity[centre] = np.inf
        chosen = np.argsort(-affinity, kind="stable")[:PART_REPS]
        return np.sort(chosen[affinity[chosen] > 0])

    def offered(self, reps: Ints) -> Arcs:
        """The pairs of lowest excess for a part of these reps, and the present ones."""
        chosen = np.zeros(self.problem.rep_count + 1, dtype=bool)
        chosen[reps] = True
        owner = self.standing.owner
        mine = np.flatnonzero(chosen[owner[self.unit]])
        inside = mine[chosen[self.arcs.rep[mine]] | (self.arcs.rep[mine] == chosen.size - 1)]
        present = self.arcs.rep[inside] == owner[self.unit[inside]]
        rank = np.where(present, -1.0, self.excess[inside])
        limit = PART_PAIRS + int(present.sum())
        kept = np.sort(inside[np.argsort(rank, kind="stable")[:limit]])
        first = np.searchsorted(self.unit[kept], np.arange(self.arcs.first.size))
        values = self.arcs.values
        part = type(values)(
            values.cost[kept], values.load[kept], values.fill[kept], values.weight[kept]
        )
        return Arcs(first, self.arcs.rep[kept], part)


def deal_again(
    problem: Problem,
    arcs: Arcs,
    owner: Ints,
    certificate: Certificate,
    *,
    parts: int,
    allowance: float,
    seed: int,
    watch: Watch,
    run: Run,
) -> Ints:
    """A plan of no more excess than `owner` (U) and, where it has no less, of no more cost.

    parts: how many re-deals at most. allowance: total excess that needs no repair. run: runs tasks
    side by side and returns their answers in order.
    """
    rng = np.random.default_rng((problem.seed, seed))
    standing = Standing.of(problem, owner)
    tired = np.zeros(problem.rep_count)
    state = _Round(problem, arcs, certificate, standing, tired, rng)
    for _ in range(0, parts, LANES):
        if watch.is_over():
            break
        groups: list[Ints] = []
        for _lane in range(LANES):
            taken = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
            reps = state.group(taken)
            if reps is not None and reps.size > 1:
                groups.append(reps)
        if not groups:
            break
        dealt = [part_of(standing, state.offered(reps), reps) for reps in groups]
        repair = float(standing.excess.sum()) > allowance
        tasks = [partial(_deal, part, standing.owner, repair, watch) for part in dealt]
        for part, answer in zip(dealt, run(tasks), strict=True):
            # An earlier lane may have used the budgets that this one counted on.
            fresh = (
                part if part is dealt[0] else part_of(standing, state.offered(part.reps), part.reps)
            )
            if _is_better(fresh, answer, fresh.owners(standing.owner)):
                standing.take(fresh, answer)
                state.unit_loss[fresh.units] = _unit_loss(problem, certificate, standing, fresh)
                tired[part.reps] = np.maximum(tired[part.reps] - 1, 0)
            else:
                tired[part.reps] += 1
    return standing.owner


def _deal(part: Part, owner: Ints, repair: bool, watch: Watch) -> Ints:
    """The part's best answer: least excess where the plan needs repair, then least cost."""
    start = part.owners(owner)
    if part.units.size < 2:
        return start
    arcs = part.problem.pairs.all_arcs()
    now = part.problem.evaluate(start)
    if repair and now.relaxation > 0:
        answer = solve_model(
            part.problem,
            arcs,
            objective="relaxation",
            clashes=now.clashes,
            start=start,
            watch=watch,
            node_limit=PART_NODES,
        )
        if answer.owner is not None and _is_better(part, answer.owner, start):
            start = answer.owner
            now = part.problem.evaluate(start)
    answer = solve_model(
        part.problem,
        arcs,
        relaxation=now.relaxation + TOLERANCE if now.relaxation > 0 else 0.0,
        clashes=now.clashes,
        start=start,
        watch=watch,
        rel_gap=1e-6,
        node_limit=PART_NODES,
    )
    if answer.owner is not None and _is_better(part, answer.owner, start):
        return answer.owner
    return start


def _is_better(part: Part, answer: Ints, start: Ints) -> bool:
    """Whether an answer has fewer clashes and less excess, or the same and less cost."""
    new, old = part.problem.evaluate(answer), part.problem.evaluate(start)
    excess_new, excess_old = new.relaxation + new.clashes, old.relaxation + old.clashes
    if abs(excess_new - excess_old) > TOLERANCE:
        return excess_new < excess_old
    return new.objective < old.objective - 1e-9 * abs(old.objective)


def _unit_loss(
    problem: Problem, certificate: Certificate, standing: Standing, part: Part
) -> Floats:
    prices, units = certificate.prices, part.units
    best = problem.pairs.cheapest(prices, 1, units).priced[:, 0]
    mine = problem.pairs.at(units, standing.owner[units]).priced(standing.owner[units], prices)
    return np.maximum(mine - best, 0.0)

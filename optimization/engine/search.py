"""Local search over candidate arcs, from any start to a plan that is never worse.

`search_kernels.anneal` runs cyclic exchanges in slices of a few tens of milliseconds, between which
the watch is asked. The steps are dealt out in courses. In each the charges of the limits (what a
territory is off its limits, at dual prices) begin at a small weight and grow to their full one,
while the temperature falls: units settle on cheap pairs first and territories are fitted later. At
full weight from the start, territories fit at once and dozens of units stay on dear pairs; on tight
assignment instances that ends at three times the gap. Every course begins from the best plan.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine import search_kernels as kernels
from optimization.engine.answer import Tell
from optimization.engine.problem import TOLERANCE, Arcs, Ints, Prices, Problem
from optimization.engine.search_ground import Ground
from optimization.engine.watch import Watch

# Arcs priced between two looks at the watch: 10 to 50 ms, and not below the cost of fresh sums.
SLICE, SLICE_PER_UNIT = 200_000, 4
# Arcs priced per unit in a course. Half as many lose as much as courses of eight times the length
# gain; what is left is spent on more courses.
COURSE_PER_UNIT = 25_000
FEWEST_COURSES = 2
# Temperatures, as shares of the typical difference between a unit's two cheapest arcs.
HOT, COLD = 0.4, 0.05
# Near a plan whose large units are placed already: one course, cold, with charges that are felt
# from the start. 20,000 x 100 ends at 0.11 instead of 0.14 %; longer courses only lead away.
GENTLE_HOT, GENTLE_COLD, GENTLE_LOOSE = 0.02, 0.002, 0.3
# Small problems end warmer: 100 units at 20 reps of type d end at 0.27 % instead of 0.42 %.
WARM, WARMING = 0.2, 3
# Weight of the charges at the beginning of the first and of later courses; 1 at their end. From
# 0.6 on later courses stay where they are, at 0.05 they forget all.
LOOSE, RELOOSE = 0.05, 0.3
# Share of a course after which penalties adapt.
LATE = 0.7
# Problems of fewer units than this need higher temperatures, as do those without a plan so far;
# larger ones lower: at 20,000 units a quarter of these halves the gap.
FEW, COOLING, REHEAT, HOTTEST = 150, 0.35, 2.0, 8.0
# Beyond so many units lower still: 8,000 of them then end at 0.13 instead of 0.15 %.
MANY, MORE_COOLING = 2_000, 0.5
# Longest chain, units looked at per link, partial chains kept per length. Chains of 3 are clearly
# worse (0.76 % against 0.56 % on 20 x 100, type d), 7 no better.
DEPTH, SAMPLE, WIDTH = 5, 32, 30
# Arcs priced per free unit between two changes of the penalties, and changes in a course at least.
ADAPT, CHANGES = 100, 200


@dataclass(frozen=True)
class SearchAnswer:
    """A plan. owner: (U). steps: arcs priced, in millions."""

    owner: Ints
    objective: float
    relaxation: float
    steps: float


def search(
    problem: Problem,
    arcs: Arcs,
    owner: Ints,
    *,
    steps_millions: float,
    seed: int,
    watch: Watch,
    prices: Prices | None = None,
    relaxation: float = 0.0,
    is_gentle: bool = False,
    tell: Tell | None = None,
) -> SearchAnswer:
    """The best plan found from `owner` (U) over `arcs`: least excess over the allowance, then cost.

    relaxation: the allowance, a total excess of hard limits that counts as none.
    Never worse than the start, whose pairs need not be among the arcs. steps_millions: arcs priced,
    in millions. prices: dual prices of the limits; they rank arcs and set the first penalties.
    is_gentle: stay near the start, which is nearly a plan.
    The same arguments give the same plan unless the watch strikes.
    """
    ground = Ground.of(problem, arcs, owner, prices)
    best, spent = owner.copy(), 0.0
    if ground.units.size and problem.rep_count > 0:
        best, spent = _Run(problem, ground, seed, watch, relaxation, tell).all_courses(
            owner, steps_millions, is_gentle
        )
    start, found = problem.evaluate(owner), problem.evaluate(best)
    before = (_beyond(start.relaxation, relaxation) + start.clashes, start.objective)
    after = (_beyond(found.relaxation, relaxation) + found.clashes, found.objective)
    if not after < before:
        best, found = owner.copy(), start
    return SearchAnswer(best, found.objective, found.relaxation, spent / 1e6)


def _beyond(relaxation: float, allowance: float) -> float:
    excess = relaxation - allowance
    return excess if excess > TOLERANCE else 0.0


class _Run:
    """The state of one search and its courses."""

    def __init__(
        self,
        problem: Problem,
        ground: Ground,
        seed: int,
        watch: Watch,
        allowance: float,
        tell: Tell | None,
    ) -> None:
        self.ground, self.watch, self.allowance, self.tell = ground, watch, allowance, tell
        self.free = ground.units.size
        self.state = _first_state(problem, ground, seed)
        self.improved = 0
        kernels.refresh(ground.field, self.state, ground.base, allowance)

    @property
    def has_plan(self) -> bool:
        return bool(self.state.total[kernels.BEST_EXCESS] == 0)

    def all_courses(
        self, owner: Ints, steps_millions: float, is_gentle: bool
    ) -> tuple[Ints, float]:
        """The best plan of all courses and the arcs priced."""
        steps = steps_millions * 1e6
        courses = max(round(steps / (COURSE_PER_UNIT * self.free)), FEWEST_COURSES)
        if is_gentle:
            courses = 1
        heat = min(FEW / self.free, HOTTEST)
        if heat < 1:
            heat **= COOLING
        heat *= min(MANY / self.free, 1.0) ** MORE_COOLING
        for number in range(courses):
            # Without a plan so far: hotter, and with the penalties found so far.
            is_lost = number > 0 and not self.has_plan
            if is_lost:
                heat *= REHEAT
            else:
                self.state.penalty[:] = self.ground.penalty
                self.state.budget_penalty[:] = self.ground.budget_penalty
                self.state.team_penalty[:] = self.ground.team_penalty
            if is_gentle:
                heats, loose = (GENTLE_HOT * heat, GENTLE_COLD * heat), GENTLE_LOOSE
            else:
                cold = min(max(WARM * heat**WARMING, COLD), WARM)
                heats, loose = (HOT * heat, cold * heat), RELOOSE if number else LOOSE
            self._course(steps / courses, heats, loose, is_lost)
            if self.watch.has_struck:
                break
        best = owner.copy()
        best[self.ground.units] = self.ground.field.rep[self.state.best]
        return best, float(self.state.total[kernels.SPENT])

    def _course(self, steps: float, heat: tuple[float, float], loose: float, is_lost: bool) -> None:
        """Anneal from the best plan and return to the best. heat: first and last temperature."""
        field, state, base = self.ground.field, self.state, self.ground.base
        slices = max(int(np.ceil(steps / max(SLICE, SLICE_PER_UNIT * self.free))), 16)
        heats = np.geomspace(*heat, slices + 1) * self.ground.spread
        weights = np.geomspace(loose, 1.0, slices + 1)
        adapt = min(ADAPT * self.free, (1 - LATE) * steps / CHANGES)
        kernels.refresh(field, state, base, self.allowance)
        for number in range(slices):
            if self.watch.is_over():
                break
            adapts = is_lost or number >= LATE * slices
            course = kernels.Course(
                hot=heats[number],
                cold=heats[number + 1],
                weight=weights[number],
                last_weight=weights[number + 1],
                allowance=self.allowance,
                # Changing the penalties visits all limits: not more often than a third of the time.
                adapt=int(max(field.limit.size // 3, adapt)) if adapts else kernels.NEVER,
                depth=DEPTH,
                sample=SAMPLE,
                width=WIDTH,
            )
            kernels.anneal(field, state, course, int(steps / slices) + 1)
            kernels.refresh(field, state, base, self.allowance)
            self._report()
        kernels.return_to_best(field, state, base, self.allowance)

    def _report(self) -> None:
        if self.tell is not None and self.state.count[kernels.IMPROVED] > self.improved:
            self.improved = int(self.state.count[kernels.IMPROVED])
            cost = float(self.state.total[kernels.BEST_COST])
            self.tell("search", None, cost if self.has_plan else None)


def _first_state(problem: Problem, ground: Ground, seed: int) -> kernels.State:
    field, free, reps = ground.field, ground.units.size, problem.rep_count
    total = np.zeros(kernels.TOTALS)
    total[kernels.BEST_COST] = total[kernels.BEST_EXCESS] = np.inf
    total[kernels.CLASH_PENALTY] = ground.clash_penalty
    return kernels.State(
        arc=ground.start.copy(),
        y=np.zeros(ground.penalty.shape),
        charge=np.zeros(reps + 1),
        penalty=ground.penalty.copy(),
        used=np.zeros(field.budget.size),
        budget_penalty=ground.budget_penalty.copy(),
        held=np.zeros(field.rep.size, np.int64),
        held_count=np.zeros(reps + 1, np.int64),
        place=np.zeros(free, np.int64),
        broken=np.zeros(reps + 1, np.int64),
        broken_place=np.full(reps + 1, -1),
        best=ground.start.copy(),
        log=np.zeros(free, np.int64),
        is_logged=np.zeros(free, np.int64),
        team_y=np.zeros(field.team_dual.size),
        team_penalty=ground.team_penalty.copy(),
        team_change=np.zeros(field.team_dual.size),
        total=total,
        count=np.zeros(kernels.COUNTS, np.int64),
        # The generator must not start at zero.
        random=np.random.SeedSequence(abs(seed)).generate_state(1, np.uint64) | np.uint64(1),
    )

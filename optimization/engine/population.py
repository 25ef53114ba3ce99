"""The best plans found so far, and the searches of a round that start from them.

One long search ends near where its first minutes led it; several short ones from different seeds
end in different places, the best of them lower, and the next round goes on from the better half.
On assignment instances of type d with 20 x 100 one search of 320 million steps ends 0.35 to 0.58 %
above the best known value, the best of sixteen of 40 million at 0.29 %, four rounds of those at the
same or below; 10 x 100: 0.06 to 0.10, 0.06, 0.02 %. Recombining plans (their union of pairs as the
only candidates, to the search or to HiGHS, or a child of two) gained nothing over that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from optimization.engine.bound import Certificate
from optimization.engine.problem import Arcs, Ints, Problem
from optimization.engine.search import search
from optimization.engine.watch import Watch

# Searches of one round at most, and the steps of one, millions of arcs per unit: fewer are not
# worth a search of their own.
SEARCHES, STEPS_PER_UNIT = 16, 0.1
# Searches of a large problem at least, and the steps of a round, millions for every unit.
FEWEST_OF_LARGE, STEPS_OF_LARGE = 2, 1 / 40
# Gentle searches of a round, and the steps of each, millions for every rep: twice as many of either
# gain 0.003 % at 20,000 x 100, a third of the steps loses 0.01 to 0.05 % in groups of 50 reps.
GENTLE_SEARCHES, STEPS_OF_GENTLE = 8, 0.2
# Arcs priced in the first search, millions, and how many times as many the next round may have.
STEPS_OF_UNIT, MOST_STEPS, GROWTH, MOST_GROWTH = 1 / 300, 800.0, 2, 6
# What the searches beside the first plan take of a given number of steps.
FIRST_SHARE = 1 / 16


@dataclass
class Population:
    """Distinct plans, best first: excess beyond the allowance, then cost; ties to the older."""

    size: int = SEARCHES // 2
    plans: list[tuple[tuple[float, float], Ints]] = field(default_factory=list)

    def add(self, owner: Ints, excess: float, cost: float) -> None:
        """Keep the plan if it is among the best; owner: (U)."""
        if any((plan == owner).all() for _, plan in self.plans):
            return
        self.plans.append(((excess, cost), owner))
        self.plans.sort(key=lambda plan: plan[0])
        del self.plans[self.size :]

    @property
    def owners(self) -> list[Ints]:
        return [owner for _, owner in self.plans]

    def clear(self) -> None:
        """Forget all plans: they were measured by another allowance."""
        self.plans.clear()


def searches(
    problem: Problem,
    arcs: Arcs,
    starts: list[Ints],
    *,
    number: int,
    is_large: bool,
    is_gentle: bool = False,
    certificate: Certificate | None,
    allowance: float,
    watch: Watch,
) -> list[Callable[[], Ints]]:
    """The searches of a round, each from one of the starts in turn with a seed of its own.

    number: 0 for the one beside the first plan, then that of the round from 1 on. is_gentle: many
    short searches that stay near their starts.
    """
    steps = _steps(problem, number, is_large)
    fewest = FEWEST_OF_LARGE if is_large else 1
    lanes = int(min(max(steps / (STEPS_PER_UNIT * problem.unit_count), fewest), SEARCHES))
    if is_gentle:
        lanes = GENTLE_SEARCHES
        if not problem.effort.search_steps:
            steps = lanes * STEPS_OF_GENTLE * problem.rep_count

    def one(lane: int) -> Ints:
        return search(
            problem,
            arcs,
            starts[lane % len(starts)],
            steps_millions=steps / lanes,
            seed=problem.seed + 1_000 * number + lane,
            watch=watch,
            prices=None if certificate is None else certificate.prices,
            relaxation=allowance,
            is_gentle=is_gentle,
        ).owner

    return [lambda lane=lane: one(lane) for lane in range(lanes)]  # type: ignore[misc]


def _steps(problem: Problem, number: int, is_large: bool) -> float:
    """Arcs priced in the searches of a round, millions: a given number, or growing with rounds."""
    given = problem.effort.search_steps
    if given:
        return given if number else given * FIRST_SHARE
    if is_large:
        return min(problem.unit_count * STEPS_OF_LARGE, MOST_STEPS)
    first = min(problem.unit_count * STEPS_OF_UNIT, MOST_STEPS)
    return first * GROWTH ** min(number, MOST_GROWTH)

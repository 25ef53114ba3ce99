"""Dual prices of all limits, near those of the LP, for problems whose LP needs a good start.

The prices climb the *smoothed dual*: every unit spreads over its reps like exp(-priced / heat)
instead of sitting at the cheapest one, so that the dual bends and Newton's method climbs it
(`smooth`). Heat falls from level to level while a sample of the units grows to all of them, always
against *all* reps, since in dense places a unit may belong to none of its nearest hundred.

The small samples have to end near their optimum, for a whole level is slow and moves prices little:
at 1,000,000 x 1,000, 20 passes in each left the bound 6 % too low and 24 targets of sales at one
rep. A price at the penalty means that the penalty is less than what keeping the limit costs, and
then no prices lead to a plan: where no LP follows that would see it, the next level's is higher.

Last year's owners make this hard for methods of first order: losses of moving an account run from
cents to the whole value of a territory. The LP of a sample of 10 units a rep took 101 s at 200,000
units x 500 reps; all levels here end there in 47 s, 0.02 % below the optimum.
"""

from optimization.engine.answer import Tell
from optimization.engine.problem import Prices, Problem
from optimization.engine.samples import Draw
from optimization.engine.smooth import SmoothDual
from optimization.engine.watch import Watch

# Units per rep of the samples; after them all units, at this many further levels.
SAMPLES = (8, 16, 32, 64, 128)
WHOLE_LEVELS = 2
# Passes over the pairs of a level; few of the smaller levels take so many.
SAMPLE_PASSES, WHOLE_PASSES = 60, 20
# Heat of the first level, USD per unit of load, as a share of what a mean territory costs, and its
# share in the next level. The last of seven levels ends within 0.01 to 0.03 % of the optimum.
FIRST_HEAT, COOLING = 0.5, 0.4
# What a penalty that limits prices is raised by, and to, as multiples of the first one.
RAISED, MOST_RAISED = 10.0, 100.0


def fit_prices(
    problem: Problem,
    watch: Watch,
    tell: Tell | None = None,
    *,
    penalty: float | None = None,
    raises_penalty: bool = False,
) -> Prices:
    """Prices near those of the LP over all units; valid, as any are, whenever the watch strikes.

    penalty: USD per scaled unit of excess of hard limits; by default ten times what a mean
    territory costs at best. raises_penalty: begin with it, and raise it where limits cost more.
    """
    prices = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    draw = Draw.of(problem, prices)
    mean = max(draw.cost / max(problem.rep_count, 1), 1.0)
    counts = [count * problem.rep_count for count in SAMPLES]
    counts = [count for count in counts if count < draw.units.size]
    heat = FIRST_HEAT * mean
    penalty = penalty or 10 * mean
    most = MOST_RAISED * penalty
    damping = 0.0
    for count in [*counts, *[draw.units.size] * WHOLE_LEVELS]:
        if watch.is_over() or not draw.units.size:
            break
        sample = draw.sample(count)
        passes = SAMPLE_PASSES if count < draw.units.size else WHOLE_PASSES
        dual = SmoothDual(sample.problem, penalty, prices, damping)
        dual.climb(heat, heat * sample.size, watch, passes)
        prices, damping = dual.prices(), dual.damping
        if raises_penalty and dual.is_at_penalty():
            penalty = min(RAISED * penalty, most)
        heat *= COOLING
        if tell:
            tell("prices", None, None)
    return prices

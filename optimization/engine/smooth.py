"""The smoothed dual of a problem, climbed by Newton's method with a trust region.

For signed prices p (above an upper limit positive, below a lower one negative) and a heat h_u of
every unit u, with c the cost, a what a pair takes and phi what the limits cost at those prices,

    D(p) = sum_u -h_u * log sum_j exp(-(c_uj + p . a_uj) / h_u)  -  phi(p)

lies below the plain dual by at most the entropy sum_u h_u H_u of the shares. phi is piecewise
linear (hard limits, soft limits, the penalty as the highest price), so a step maximises the second
order model of the first part together with phi itself, within a box (`smooth_kernels.best_step`).

The heat of a unit goes with its *size*: h_u = heat * size_u. A price change moves the priced cost
of a unit by its load, so all units then bend alike. With one heat for all, large units are kinks:
the model promised ten times what a step gained, and at 200,000 units x 500 reps the bound stayed
4.6 % below the one that this way reaches.
"""

import numpy as np

from optimization.engine import smooth_kernels as kernels
from optimization.engine.bound import valid_prices
from optimization.engine.problem import Floats, Prices, Problem
from optimization.engine.samples import SampledPairs
from optimization.engine.watch import Watch

# Pairs within so many heats of a unit's cheapest are candidates, so many at most.
ROOM, LEAST_DEPTH, MOST_DEPTH, POOL_PAIRS = 12.0, 24, 128, 400_000
# Newton steps between two passes over all pairs.
STEPS = 2
# A level ends where a step promises less than this share of the entropy, with all boxes open.
ENOUGH = 0.1
# Sides of the box, in heats: at first, grown where a price stays at its side, shrunk on failure.
GROWTH, MOST_GROWTH, SHRINKING, FAILURE = 3.0, 1_000.0, 0.7, 0.25
# Damping of the model, and the shares of a promise that count as kept, well kept, and poor.
LEAST_DAMPING, MOST_DAMPING = 1e-7, 1e6
KEPT, WELL_KEPT, GOOD, POOR = 0.1, 0.4, 0.6, 0.3
# Steps over one pool end where a step of little damping promises less than this of the entropy.
BOLD, LITTLE = 0.05, 0.02


class SmoothDual:
    """Signed prices of one problem, (J, E) and (B), and how boldly the next step may go."""

    def __init__(
        self, problem: Problem, penalty: float, prices: Prices, damping: float = 0.0
    ) -> None:
        self.problem = problem
        self.damping = damping or 1e-2
        self.terms = _terms(problem, penalty)
        point = np.concatenate(((prices.above - prices.below).ravel(), prices.budget))
        self.point = np.clip(point, self.terms.knot[:, 0], self.terms.knot[:, 4])

    def prices(self) -> Prices:
        reps, resources = self.problem.rep_count, len(self.problem.resources)
        signed = self.point[: reps * resources].reshape(reps, resources)
        found = Prices(
            np.maximum(signed, 0.0), np.maximum(-signed, 0.0), self.point[reps * resources :]
        )
        return valid_prices(self.problem.limits, found)

    def is_at_penalty(self) -> bool:
        """Whether a hard limit's price stands at the highest there is."""
        lowest, low, _, high, highest = self.terms.knot.T
        is_below = (lowest < low) & (self.point <= lowest * (1 - 1e-9))
        is_above = (high < highest) & (self.point >= highest * (1 - 1e-9))
        return bool((is_below | is_above).any())

    def climb(self, heat: float, heats: Floats, watch: Watch, passes: int) -> None:
        """Newton steps until little is left to gain at this heat.

        heats: (U) of the units, USD. passes: over all pairs, at most.
        """
        box = np.full(self.point.size, heat)
        pool = self._pool(heats)
        value, entropy = self._spread(pool, self.point)[:2]
        for _ in range(passes):
            if watch.is_over():
                return
            kept = self.point
            low, high = kept - box, kept + box
            promised = self._steps(pool, low, high) - value
            at_side = (self.point <= low) | (self.point >= high)
            fresh = self._pool(heats)
            now, now_entropy = self._spread(fresh, self.point)[:2]
            if now - value < KEPT * promised:
                # The pool lacked what the new prices want: back, less far.
                self.point = kept
                floor = heat if box.max() > 1.01 * heat else FAILURE * box.max()
                box = np.maximum(FAILURE * box, floor)
            else:
                well = now - value > WELL_KEPT * promised
                wider = np.minimum(box * (GROWTH if well else 1.0), MOST_GROWTH * heat)
                narrower = np.maximum(SHRINKING * box, np.minimum(heat, 2 * box))
                box = np.where(at_side, wider, narrower)
                pool, value, entropy = fresh, now, now_entropy
            if promised < ENOUGH * entropy and box.max() >= heat:
                return

    # -- one pool of candidates ------------------------------------------------------------------

    def _steps(self, pool: kernels.Pool, low: Floats, high: Floats) -> float:
        """Newton steps over one pool, within a box; the value reached."""
        value, entropy, share, gradient = self._spread(pool, self.point)
        for _ in range(STEPS):
            row_first, column = kernels.neighbours(pool, share)
            curve = kernels.curvature(pool, self._by_rep(self.point), share, row_first, column)
            while True:
                damped = _damped(curve, self.damping)
                step, promised = kernels.best_step(
                    damped, self.terms, gradient, self.point, low, high
                )
                found = self._spread(pool, self.point + step)
                gained = found[0] - value
                if gained >= KEPT * promised or promised <= 1e-9 * abs(value):
                    break
                self.damping = max(6 * self.damping, 1e-4)
                if self.damping > MOST_DAMPING:
                    break
            was_bold = self.damping < BOLD
            if gained > GOOD * promised:
                self.damping = max(0.15 * self.damping, LEAST_DAMPING)
            elif gained < POOR * promised:
                self.damping = min(3 * self.damping, MOST_DAMPING)
            if gained > 0:
                self.point = self.point + step
                value, entropy, share, gradient = found
            if promised < LITTLE * entropy and was_bold:
                break
        return value

    def _spread(self, pool: kernels.Pool, point: Floats) -> tuple[float, float, Floats, Floats]:
        """(value, entropy, shares, gradient of the part without limits) at a point."""
        reps, resources = self.problem.rep_count, len(self.problem.resources)
        share = np.empty(pool.rep.size)
        load, use = np.zeros((reps + 1, resources)), np.zeros(len(self.problem.budgets))
        budget = point[reps * resources :]
        value, entropy = kernels.spread(pool, self._by_rep(point), budget, share, load, use)
        gradient = np.concatenate((load[:-1].ravel(), use))
        return value - kernels.limit_cost(self.terms, point), entropy, share, gradient

    def _by_rep(self, point: Floats) -> Floats:
        """(J + 1, E) prices, of nobody 0."""
        reps, resources = self.problem.rep_count, len(self.problem.resources)
        by_rep = np.zeros((reps + 1, resources))
        by_rep[:-1] = point[: reps * resources].reshape(reps, resources)
        return by_rep

    def _pool(self, heats: Floats) -> kernels.Pool:
        """The pairs within reach at the present prices."""
        pairs, reps = self.problem.pairs, self.problem.rep_count
        units = pairs.unit_count
        count = pairs.count if isinstance(pairs, SampledPairs) else np.ones(units)
        depth = int(np.clip(POOL_PAIRS // max(units, 1), LEAST_DEPTH, MOST_DEPTH))
        ranking = pairs.cheapest(self.prices(), depth)
        reach = (ROOM * heats * count)[:, None]
        row, place = np.nonzero(
            (ranking.rep >= 0) & (ranking.priced - ranking.priced[:, :1] <= reach)
        )
        rep = ranking.rep[row, place]
        values = pairs.at(row, rep)
        many = count[row][:, None]
        held = (rep < reps)[:, None]
        by_rep = np.argsort(rep, kind="stable")
        return kernels.Pool(
            first=np.searchsorted(row, np.arange(units + 1)),
            unit=row,
            rep=rep,
            cost=values.cost / count[row],
            load=np.where(held, values.load / many, 0.0),
            fill=np.where(held, values.fill / many, 0.0),
            weight=values.weight / many,
            number=count,
            heat=heats,
            by_rep=by_rep,
            rep_first=np.searchsorted(rep[by_rep], np.arange(reps + 1)),
        )


def _damped(curve: kernels.Curvature, damping: float) -> kernels.Curvature:
    """The model with its diagonal raised, so that nothing is flat."""
    blocks, corner = curve.blocks.copy(), curve.corner.copy()
    e = np.arange(blocks.shape[1])
    mass = curve.mass
    blocks[curve.diagonal[:, None], e, e] += damping * mass + 1e-9 * mass.max(initial=1e-3)
    b = np.arange(corner.shape[0])
    corner[b, b] += damping * corner[b, b] + 1e-9
    return curve._replace(blocks=blocks, corner=corner)


def _terms(problem: Problem, penalty: float) -> kernels.Terms:
    """Limits as slopes of their cost; the penalty ends the prices of hard ones."""
    limits, budgets = problem.limits, problem.budget_limit
    # Prices of teams are left to the linear relaxation: a price of 0 proves a bound as well.
    single = ~limits.is_team
    hard_below = np.isfinite(limits.lower) & single
    hard_above = np.isfinite(limits.upper) & single
    price_below, price_above = limits.price_below * single, limits.price_above * single
    knot, slope = np.zeros((*limits.lower.shape, 5)), np.zeros((*limits.lower.shape, 4))
    knot[..., 0] = -price_below - np.where(hard_below, penalty, 0.0)
    knot[..., 1] = -price_below
    knot[..., 3] = price_above
    knot[..., 4] = price_above + np.where(hard_above, penalty, 0.0)
    slope[..., 0] = np.where(hard_below, limits.lower, 0.0)
    slope[..., 1] = _where_priced(price_below, limits.soft_lower)
    slope[..., 2] = _where_priced(price_above, limits.soft_upper)
    slope[..., 3] = np.where(hard_above, limits.upper, 0.0)
    size = limits.lower.size + budgets.size
    knots, slopes = np.zeros((size, 5)), np.zeros((size, 4))
    knots[: limits.lower.size] = knot.reshape(-1, 5)
    slopes[: limits.lower.size] = slope.reshape(-1, 4)
    knots[limits.lower.size :, 4] = penalty
    slopes[limits.lower.size :, 3] = budgets
    return kernels.Terms(knots, slopes)


def _where_priced(price: Floats, limit: Floats) -> Floats:
    return np.where(price > 0, limit, 0.0)

"""How the total of a metric is split into targets, giants cut to what a band can hold.

Per component, with F the sum of its fixed targets f_j, s_j the shares of the other reps (their sum
is 1) and R what is left for them, so that T_j = s_j R or f_j:

    cap of unit u    c_u = (1 + tolerance) * max over the reps of u of T_j
    R + F            = sum over ordinary units of load_u + sum over giants of c_u
    giant            load_u > c_u

Each round solves for R with the giants known and adds units that exceed their cap. Giants only
join, so the rounds end.
"""

from dataclasses import dataclass

import numpy as np

from optimization.book.tables import Bools, Floats, Ints
from optimization.book.units import Units

# Share of the total that must remain splittable: below it nearly every rep would hold a giant and
# the targets would collapse to nothing.
LEAST_REST = 0.02
# Newton rounds: each changes whether some giants' caps are shares; a handful in practice.
MOST_ROUNDS = 100
# Beyond rounding noise: a unit exactly as large as its cap is no giant.
BEYOND = 1 + 1e-9


@dataclass(frozen=True)
class Split:
    """Targets of one metric."""

    target: Floats  # (J)
    giant: Bools  # (U)


def split_targets(
    load: Floats,
    units: Units,
    component: Ints,
    weight: Floats,
    fixed_target: Floats,
    tolerance: float | None,
) -> Split:
    """Split the loads of each component among its reps.

    load: (U). component, weight: (J). fixed_target: (J), NaN where not fixed. tolerance: share;
    None where the metric is not in a band, which then has no giants.
    """
    count = int(component.max(initial=-1)) + 1
    is_fixed = ~np.isnan(fixed_target)
    share = _shares(weight, component, is_fixed, count)
    home = unit_component(units, component)
    placed = home >= 0
    refill = _Refill(
        load=np.where(placed, load, 0.0),
        at=np.where(placed, home, 0),
        count=count,
        fixed_sum=_by_component(np.where(is_fixed, fixed_target, 0.0), component, count),
        by_share=(1 + (tolerance or 0.0)) * _best_of_unit(np.where(is_fixed, 0.0, share), units),
        by_amount=(1 + (tolerance or 0.0))
        * _best_of_unit(np.where(is_fixed, fixed_target, 0.0), units),
    )
    giant = np.zeros(load.size, dtype=bool)
    rest, _ = refill.solve(giant, np.zeros(count))
    stuck = np.zeros(count, dtype=bool)
    while tolerance is not None and count:
        joined = giant | (placed & ~stuck[refill.at] & (refill.load > refill.cap(rest) * BEYOND))
        if (joined == giant).all():
            break
        refilled, left = refill.solve(joined, rest)
        stuck |= left < LEAST_REST
        giant = np.where(stuck[refill.at], giant, joined)
        rest = np.where(stuck, rest, refilled)
    return Split(np.where(is_fixed, fixed_target, share * rest[component]), giant)


@dataclass(frozen=True)
class _Refill:
    """R of every component for given giants."""

    load: Floats  # (U) 0 where the unit has no component
    at: Ints  # (U) component
    count: int
    fixed_sum: Floats  # (count) F
    by_share: Floats  # (U) (1 + tolerance) * largest share among the reps of the unit
    by_amount: Floats  # (U) (1 + tolerance) * largest fixed target among them

    def cap(self, rest: Floats) -> Floats:
        return np.maximum(self.by_share * rest[self.at], self.by_amount)

    def solve(self, giant: Bools, rest: Floats) -> tuple[Floats, Floats]:
        """(R, share of the total that the giants leave), (count) each, starting at R = rest.

        Whether a giant's cap is a share of R or an amount depends on R. The equation is convex and
        piecewise linear in R, so the rounds (Newton steps) end; without fixed targets at once.
        """
        shared = giant & self._is_share(rest)
        for _ in range(MOST_ROUNDS):
            left = 1 - self._total(np.where(shared, self.by_share, 0.0))
            ordinary = np.where(giant, np.where(shared, 0.0, self.by_amount), self.load)
            amount = np.maximum(self._total(ordinary) - self.fixed_sum, 0.0)
            rest = amount / np.maximum(left, LEAST_REST)
            before, shared = shared, giant & self._is_share(rest)
            if (shared == before).all():
                break
        return rest, left

    def _is_share(self, rest: Floats) -> Bools:
        """(U) whether the cap is a share of R, also where nothing is left to share."""
        return (self.by_share > 0) & (self.by_share * rest[self.at] >= self.by_amount)

    def _total(self, values: Floats) -> Floats:
        return _by_component(values, self.at, self.count)


def unit_component(units: Units, component: Ints) -> Ints:
    """(U) component of the reps each unit may have; -1 where it may have none."""
    has_rep = np.count_nonzero(units.class_reps, axis=1) > 0
    first = units.class_reps.argmax(axis=1) if units.class_reps.size else np.zeros(0, np.int64)
    home = np.full(len(units), -1)
    free = has_rep[units.class_of]
    home[free] = component[first[units.class_of[free]]]
    held = units.fixed >= 0
    home[held] = component[units.fixed[held]]
    return home


def _shares(weight: Floats, component: Ints, is_fixed: Bools, count: int) -> Floats:
    """(J) share of each rep in what its component has left; equal where no weight is positive."""
    free = np.where(is_fixed, 0.0, weight)
    total = _by_component(free, component, count)
    members = _by_component((~is_fixed).astype(np.float64), component, count)
    by_weight = free / np.where(total > 0, total, 1.0)[component]
    equal = np.where(is_fixed, 0.0, 1.0) / np.maximum(members, 1)[component]
    return np.where(total[component] > 0, by_weight, equal)


def _best_of_unit(value: Floats, units: Units) -> Floats:
    """(U) largest value, (J), among the reps that may own each unit; 0 where none may."""
    rows = np.where(units.class_reps, value[None, :], 0.0)
    best = rows.max(axis=1, initial=0.0)[units.class_of]
    held = units.fixed >= 0
    best[held] = value[units.fixed[held]]
    return best


def _by_component(values: Floats, component: Ints, count: int) -> Floats:
    return np.bincount(component, values, count).astype(np.float64)

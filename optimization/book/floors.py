"""How well any plan could balance a metric, proved before the solve.

floor_k = the largest of
  - the linear relaxation of  min max_j |load_jk / T_jk - 1|  over all units split at will. Only the
    total of units with the same allowed reps matters there, and reps who may own the same units
    are supplied from one place: a few hundred variables and one row per rep;
  - max_u min_j (load_uk / T_jk - 1): the largest unit stands whole in some territory;
  - 1 where fewer units have any load than reps have a target: a territory stays empty.
Giants count with their whole load here. A maximum distance only makes matters worse.
"""

import numpy as np

from optimization.book.planning import Planning
from optimization.book.tables import Bools, Floats, Ints
from optimization.book.units import Units
from optimization.engine.obstacles import MOST_LINKS, joined
from optimization.engine.small_lp import SmallLp

# What the LP may be wrong by.
ROUNDING = 1e-7


def metric_floors(planning: Planning) -> dict[str, float]:
    """Proved lower bound on the largest relative deviation from target in %, by metric."""
    targets = planning.targets
    return {
        name: 100 * _floor(planning.units, targets.load[:, k], targets.target[:, k])
        for k, name in enumerate(targets.names)
    }


def _floor(units: Units, load: Floats, target: Floats) -> float:
    reps = int((target > 0).sum())
    needs_owner = np.isinf(units.nobody_usd)
    if not reps or not load.any():
        return 0.0
    largest = _largest_unit(units, np.where(needs_owner, load, 0.0), target)
    empty = 1.0 if int((load > 0).sum()) < reps else 0.0
    return max(0.0, largest, empty, _grouped_floor(units, load, target) - ROUNDING)


def _largest_unit(units: Units, load: Floats, target: Floats) -> float:
    """max_u (load_u / largest target of its reps) - 1; a rep without target may take anything."""
    reachable = np.where(units.class_reps, np.where(target > 0, target, np.inf)[None, :], 0.0)
    most = reachable.max(axis=1, initial=0.0)[units.class_of]
    held = units.fixed >= 0
    holder = target[units.fixed[held]]
    most[held] = np.where(holder > 0, holder, np.inf)
    return float((load[most > 0] / most[most > 0]).max(initial=1.0)) - 1


def _grouped_floor(units: Units, load: Floats, target: Floats) -> float:
    """min t such that flows exist with  (1 - t) T_j <= held_j + y_j <= (1 + t) T_j.

    Columns: t; y_j of rep j; f_cg from class c to the reps alike g. Rows: what leaves a class is
    at least what needs an owner and at most all of it; the f into g are the y of its reps; the two
    sides of every rep with a target. Units that may stay without owner count on the lower sides
    only.
    """
    amount = load / float(target[target > 0].mean())
    relative = target / float(target[target > 0].mean())
    classes, reps = units.class_reps.shape
    alike = list(joined(units.class_reps))
    of_group = np.zeros(reps, dtype=np.int64)
    for g, members in enumerate(alike):
        of_group[members] = g
    free, must = units.fixed < 0, np.isinf(units.nobody_usd)
    may_leave = _sums(units.class_of, amount, free, classes)
    must_leave = _sums(units.class_of, amount, free & must, classes)
    held, held_must = (_sums(units.fixed, amount, ~free & part, reps) for part in (True, must))
    reaches = np.column_stack([units.class_reps[:, members[0]] for members in alike])
    source, group = np.nonzero(reaches & (may_leave > 0)[:, None])
    if source.size > MOST_LINKS:
        return 0.0
    flow = 1 + reps + np.arange(source.size)
    some = np.unique(source)
    with_target = np.flatnonzero(relative > 0)
    one = np.ones(with_target.size)
    lp = SmallLp(1 + reps + source.size)
    lp.cost[0] = 1.0
    lp.add_rows(
        np.searchsorted(some, source), flow, np.ones(flow.size), must_leave[some], may_leave[some]
    )
    lp.add_rows(
        np.concatenate((group, of_group)),
        np.concatenate((flow, 1 + np.arange(reps))),
        np.concatenate((np.ones(flow.size), -np.ones(reps))),
        np.zeros(len(alike)),
        np.zeros(len(alike)),
    )
    for sign, base in ((-1.0, held_must), (1.0, held)):
        bound = relative[with_target] - base[with_target]
        lp.add_rows(
            np.tile(np.arange(with_target.size), 2),
            np.concatenate((np.zeros(with_target.size, dtype=np.int64), 1 + with_target)),
            np.concatenate((sign * relative[with_target], one)),
            bound if sign > 0 else np.full(bound.size, -np.inf),
            bound if sign < 0 else np.full(bound.size, np.inf),
        )
    return lp.minimum()


def _sums(place: Ints, amount: Floats, chosen: Bools, count: int) -> Floats:
    return np.bincount(place[chosen], amount[chosen], count).astype(np.float64)

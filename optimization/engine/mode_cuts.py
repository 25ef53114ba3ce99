"""Cuts that tell the relaxation what a large unit does to the rest of its owner's book.

A unit of 60 % of a target leaves its owner room for little else. The plain relaxation hides this by
splitting the unit over three reps with full books. In a plan each rep j is in one of two *modes*
for each large unit g: with it (x_g = 1) or without it. With w_u = x_u x_g, every plan keeps, for
each row  r . x - d . s <= b  of rep j and its share t of the soft slack s,

    with      sum_u r_u w_u       - d . t        <= (b - r_g) x_g
    without   sum_u r_u (x_u-w_u) - d . (s - t)  <= b (1 - x_g)
    max(0, x_u + x_g - 1) <= w_u <= min(x_u, x_g),   0 <= t <= s

Where a fractional book x* has no such w and t, the duals p1, p0 >= 0 of the rows prove a linear
inequality that it violates: with c1 = p1 r and c0 = p0 r,

    sum_u min over w_u of (c0_u x_u + (c1_u - c0_u) w_u) - max(p1 d, p0 d) . s
        <= p1 (b - r_g) x_g + p0 b (1 - x_g)

and each minimum is one of c0 x, c1 x, c0 x + (c1 - c0) x_g, c1 x + (c1 - c0) (x_g - 1), all of them
valid for every plan; the one that is least at x* is taken. Cuts of the rep join its rows, so that
cuts for one unit after another describe its books of several large units (Balas's sequential
convexification). In the mode with g, units that do not fit beside it have w = 0, and a lower side
that g nearly fills counts nothing for more than what is left of it.
"""

import numpy as np

from optimization.engine.cut_lp import Cut, RepRows, clipped
from optimization.engine.problem import TOLERANCE, Bools, Floats, Ints
from optimization.errors import SolverError

# Shares from which a pair counts as split, and least violation of a cut (largest entry 1).
SPLIT = 1e-4
VIOLATION = 1e-4
# Entries below this, with the largest 1, are dropped (into the limit where they are negative).
SMALL = 1e-7
# A limit is widened by this much: cuts come from floating duals.
ROUNDING = 1e-9


def mode_cut(
    rows: RepRows,
    cuts: list[Cut],
    rep: int,
    leader: int,
    share: Floats,
    slack: Floats,
    relaxation: float,
) -> Cut | None:
    """The cut that splits the book of one rep by the unit at `leader`; None where it is in order.

    cuts: of the rep. leader: place among the rep's pairs. share: (n), slack: (S) the split book.
    """
    extent = float(share[leader])
    others = np.arange(share.size) != leader
    present = np.flatnonzero((share > SMALL) & others)
    tight = [c for c in cuts if c.value @ share - c.slack @ slack > c.limit - 1e-6]
    side = _Sides(rows, tight, leader, relaxation)
    low = np.maximum(share + extent - 1.0, 0.0)
    high = np.where(side.fits, np.minimum(share, extent), low)
    duals = _violated(side, share, slack, extent, present, low, np.maximum(low, high))
    if duals is None:
        return None
    return _cut(side, rep, leader, share, extent, slack, duals)


class _Sides:
    """The rows of one rep in both modes of one unit."""

    def __init__(self, rows: RepRows, cuts: list[Cut], leader: int, relaxation: float) -> None:
        room = np.where(rows.is_hard, relaxation, 0.0)
        own = rows.entry[:, leader]
        left = rows.limit - own
        beside = rows.entry.copy()
        lower = rows.is_lower
        beside[lower] = -clipped(-rows.entry[lower], -left[lower])
        # Of a hard upper limit with the leader, another unit may find too little left.
        bars = rows.is_hard & ~lower & (rows.entry >= 0).all(axis=1)
        most = (left + room)[bars, None] + TOLERANCE
        self.fits: Bools = np.asarray((rows.entry[bars] <= most).all(axis=0))
        value = np.array([cut.value for cut in cuts]).reshape(len(cuts), rows.place.size)
        limit = np.array([cut.limit for cut in cuts])
        slack = np.array([cut.slack for cut in cuts]).reshape(len(cuts), rows.price.size)
        self.with_entry = np.vstack((beside, value))
        self.with_limit = np.concatenate((left + room, limit - value[:, leader]))
        self.entry = np.vstack((rows.entry, value))
        self.limit = np.concatenate((rows.limit + room, limit))
        self.relief = np.vstack((rows.relief, slack))


def _violated(
    side: _Sides,
    share: Floats,
    slack: Floats,
    extent: float,
    present: Ints,
    low: Floats,
    high: Floats,
) -> tuple[Floats, Floats] | None:
    """Duals of the rows with and without the leader; None where the split book keeps them."""
    import highspy

    count, rows, slacks = present.size, side.limit.size, slack.size
    book = side.entry[:, present] @ share[present] - side.relief @ slack
    lp = highspy.HighsLp()
    # Columns w, t and the common violation v; rows with, then without:
    #   E1 w - D t - v <= limit1 * extent,   -E w + D t - v <= limit (1 - extent) - (E x - D s)
    top = np.hstack((side.with_entry[:, present], -side.relief))
    bottom = np.hstack((-side.entry[:, present], side.relief))
    matrix = np.vstack((top, bottom)).T
    lp.num_col_, lp.num_row_ = count + slacks + 1, 2 * rows
    lp.col_cost_ = np.concatenate((np.zeros(count + slacks), [1.0]))
    lp.col_lower_ = np.concatenate((low[present], np.zeros(slacks + 1)))
    lp.col_upper_ = np.concatenate((high[present], slack, [highspy.kHighsInf]))
    lp.row_lower_ = np.full(2 * rows, -highspy.kHighsInf)
    lp.row_upper_ = np.concatenate((side.with_limit * extent, side.limit * (1 - extent) - book))
    kept = np.vstack((matrix != 0, np.ones((1, 2 * rows), dtype=bool)))
    entries = np.vstack((matrix, np.full((1, 2 * rows), -1.0)))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32)
    lp.a_matrix_.index_ = np.nonzero(kept)[1].astype(np.int32)
    lp.a_matrix_.value_ = entries[kept]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("presolve", "off")
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SolverError("the modes of a large unit could not be told apart")
    if highs.getInfo().objective_function_value < VIOLATION / 10:
        return None
    price = np.maximum(-np.array(highs.getSolution().row_dual), 0.0)
    return price[:rows], price[rows:]


def _cut(
    side: _Sides,
    rep: int,
    leader: int,
    share: Floats,
    extent: float,
    slack: Floats,
    duals: tuple[Floats, Floats],
) -> Cut | None:
    one, zero = duals
    with_cost, cost = one @ side.with_entry, zero @ side.entry
    step = with_cost - cost
    # Where step >= 0 the least w counts, else the largest.
    meets = (step >= 0) & (share + extent > 1)
    fills = (step < 0) & side.fits & (share <= extent)
    spans = (step < 0) & side.fits & (share > extent)
    value = np.where(meets | fills, with_cost, cost)
    value[leader] = 0.0
    meets[leader] = spans[leader] = False
    limit = float(zero @ side.limit)
    value[leader] = limit - float(one @ side.with_limit) + float(step[meets | spans].sum())
    limit += float(step[meets].sum())
    relief = np.maximum(one @ side.relief, zero @ side.relief)
    scale = float(np.abs(value).max())
    if scale <= 0:
        return None
    value, relief, limit = value / scale, relief / scale, limit / scale
    # x >= 0 lets positive entries go, x <= 1 negative ones into the limit.
    small = np.abs(value) < SMALL
    limit += float(-value[small & (value < 0)].sum())
    value[small] = 0.0
    limit += ROUNDING * (1.0 + abs(limit))
    violation = float(value @ share) - float(relief @ slack) - limit
    if violation < VIOLATION:
        return None
    return Cut(rep, value, relief, limit)

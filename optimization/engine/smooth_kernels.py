"""Compiled loops of the smoothed dual: shares of pairs, its curvature, one step of its model.

A point of the dual is one vector of N = J * E + B signed prices: a positive one is that of an upper
limit, a negative one that of a lower limit, and the last B are those of the budgets.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from optimization.engine.problem import Floats, Ints

# Shares below exp(-40) are none.
FAR = 40.0
# Shares below this do not bend the model: with 1e-2 its steps fail, with 1e-3 they cost twice.
LEAST_SHARE = 3e-3
# Alternations of coordinate sweeps and conjugate gradients, and how long each goes on.
ALTERNATIONS, SWEEPS, INNER, BACKTRACKS = 12, 4, 40, 4


class Pool(NamedTuple):
    """Candidate pairs of U units; amounts of one unit, which stands for `number` of them."""

    first: Ints  # (U + 1) pairs of unit u: first[u] : first[u + 1]
    unit: Ints  # (A)
    rep: Ints  # (A) J is nobody, who takes nothing
    cost: Floats  # (A)
    load: Floats  # (A, E)
    fill: Floats  # (A, E)
    weight: Floats  # (A, B)
    number: Floats  # (U)
    heat: Floats  # (U) USD, temperature
    by_rep: Ints  # (A) pairs in the order of reps
    rep_first: Ints  # (J + 1) pairs of rep j: by_rep[rep_first[j] : rep_first[j + 1]]


class Curvature(NamedTuple):
    """Minus the second derivatives of the smoothed dual: blocks of reps, and the budgets."""

    row_first: Ints  # (J + 1) blocks of rep j: row_first[j] : row_first[j + 1]
    column: Ints  # (K) rep of each block, rising within a row
    diagonal: Ints  # (J) place of block (j, j)
    blocks: Floats  # (K, E, E)
    border: Floats  # (J, E, B)
    corner: Floats  # (B, B)
    mass: Floats  # (J, E) the diagonal if every share were another unit's: what damping goes by


class Terms(NamedTuple):
    """What the limits cost at given prices, convex and piecewise linear in each price."""

    knot: Floats  # (N, 5) from the lowest allowed price to the highest, 0 in the middle
    slope: Floats  # (N, 4) limit that counts between two knots


@njit(cache=True, nogil=True)
def spread(
    pool: Pool, price: Floats, budget_price: Floats, share: Floats, load: Floats, use: Floats
) -> tuple[float, float]:
    """Fill the shares (A), what they load, (J + 1, E), and use, (B); returns (value, entropy).

    price: (J + 1, E), of nobody 0. Unit u has the shares exp(-priced / heat[u]), normed. value:
    USD, the smoothed minimum of all units; it lies below the minimum by at most the entropy.
    """
    first, rep = pool.first, pool.rep
    resources, budgets = price.shape[1], budget_price.size
    load[:] = 0.0
    use[:] = 0.0
    value, entropy = 0.0, 0.0
    for u in range(first.size - 1):
        heat, least = pool.heat[u], np.inf
        for a in range(first[u], first[u + 1]):
            total, j = pool.cost[a], rep[a]
            for e in range(resources):
                p = price[j, e]
                total += p * (pool.load[a, e] if p >= 0.0 else pool.fill[a, e])
            for b in range(budgets):
                total += budget_price[b] * pool.weight[a, b]
            share[a] = total
            least = min(least, total)
        norm = 0.0
        for a in range(first[u], first[u + 1]):
            if share[a] - least < FAR * heat:
                norm += np.exp((least - share[a]) / heat)
        soft = least - heat * np.log(norm)
        value += pool.number[u] * soft
        for a in range(first[u], first[u + 1]):
            below = (soft - share[a]) / heat
            share[a] = np.exp(below) if below > -FAR else 0.0
            entropy -= pool.number[u] * heat * share[a] * below if below > -FAR else 0.0
            many, j = share[a] * pool.number[u], rep[a]
            for e in range(resources):
                is_load = price[j, e] >= 0.0
                load[j, e] += many * (pool.load[a, e] if is_load else pool.fill[a, e])
            for b in range(budgets):
                use[b] += many * pool.weight[a, b]
    return value, entropy


@njit(cache=True, nogil=True)
def neighbours(pool: Pool, share: Floats) -> tuple[Ints, Ints]:
    """(row_first, column) of the blocks: pairs of reps that share a unit, and each rep itself."""
    reps = pool.rep_first.size - 1
    row_first = np.zeros(reps + 1, np.int64)
    seen = np.full(reps, -1)
    column = np.empty(64 * max(reps, 1), np.int64)
    size = 0
    for j in range(reps):
        if size + reps > column.size:
            larger = np.empty(2 * column.size + reps, np.int64)
            larger[:size] = column[:size]
            column = larger
        begin = size
        column[size] = j
        seen[j] = j
        size += 1
        for place in range(pool.rep_first[j], pool.rep_first[j + 1]):
            a = pool.by_rep[place]
            if share[a] <= LEAST_SHARE:
                continue
            u = pool.unit[a]
            for c in range(pool.first[u], pool.first[u + 1]):
                i = pool.rep[c]
                if i < reps and share[c] > LEAST_SHARE and seen[i] != j:
                    seen[i] = j
                    column[size] = i
                    size += 1
        column[begin:size] = np.sort(column[begin:size])
        row_first[j + 1] = size
    return row_first, column[:size].copy()


@njit(cache=True, nogil=True)
def curvature(pool: Pool, price: Floats, share: Floats, row_first: Ints, column: Ints) -> Curvature:
    """The covariance of what a unit takes, over its shares, by heat; units far from a tie: none."""
    reps, resources, budgets = row_first.size - 1, price.shape[1], pool.weight.shape[1]
    blocks = np.zeros((column.size, resources, resources))
    border, corner = np.zeros((reps, resources, budgets)), np.zeros((budgets, budgets))
    diagonal, place = np.zeros(reps, np.int64), np.full(reps + 1, -1)
    mass = np.zeros((reps, resources))
    mine, mean = np.zeros(resources), np.zeros(budgets)
    for j in range(reps):
        for k in range(row_first[j], row_first[j + 1]):
            place[column[k]] = k
        diagonal[j] = place[j]
        for at in range(pool.rep_first[j], pool.rep_first[j + 1]):
            a = pool.by_rep[at]
            u = pool.unit[a]
            many = share[a] * pool.number[u] / pool.heat[u]
            for e in range(resources):
                taken = pool.load[a, e] if price[j, e] >= 0.0 else pool.fill[a, e]
                mine[e] = many * taken
                mass[j, e] += mine[e] * taken
            if share[a] <= LEAST_SHARE or share[a] >= 1.0 - LEAST_SHARE:
                continue
            mean[:] = 0.0
            for c in range(pool.first[u], pool.first[u + 1]):
                if share[c] <= LEAST_SHARE:
                    continue
                i = pool.rep[c]
                for b in range(budgets):
                    mean[b] += share[c] * pool.weight[c, b]
                if i == reps:
                    continue
                rest = (1.0 if c == a else 0.0) - share[c]
                for f in range(resources):
                    is_load = price[i, f] >= 0.0
                    taken = rest * (pool.load[c, f] if is_load else pool.fill[c, f])
                    for e in range(resources):
                        blocks[place[i], e, f] += mine[e] * taken
            for b in range(budgets):
                for e in range(resources):
                    border[j, e, b] += mine[e] * (pool.weight[a, b] - mean[b])
    for u in range(pool.first.size - 1):
        many = pool.number[u] / pool.heat[u]
        for b in range(budgets):
            for d in range(budgets):
                both, one, other = 0.0, 0.0, 0.0
                for a in range(pool.first[u], pool.first[u + 1]):
                    both += share[a] * pool.weight[a, b] * pool.weight[a, d]
                    one += share[a] * pool.weight[a, b]
                    other += share[a] * pool.weight[a, d]
                corner[b, d] += many * (both - one * other)
    return Curvature(row_first, column, diagonal, blocks, border, corner, mass)


# ---------------------------------------------------------------------------- one step of the model


@njit(cache=True, nogil=True)
def limit_cost(terms: Terms, point: Floats) -> float:
    """What all limits cost at the prices of a point, USD."""
    total = 0.0
    for k in range(point.size):
        v, knot, slope = point[k], terms.knot[k], terms.slope[k]
        if v >= 0.0:
            total += slope[2] * min(v, knot[3]) + slope[3] * max(v - knot[3], 0.0)
        else:
            total += slope[1] * max(v, knot[1]) + slope[0] * min(v - knot[1], 0.0)
    return total


@njit(cache=True, nogil=True)
def _apply(curve: Curvature, x: Floats, out: Floats) -> None:
    """out = Q x, both (N)."""
    reps, resources, budgets = curve.border.shape
    tail = reps * resources
    out[:] = 0.0
    for j in range(reps):
        for k in range(curve.row_first[j], curve.row_first[j + 1]):
            i = curve.column[k]
            for e in range(resources):
                for f in range(resources):
                    out[j * resources + e] += curve.blocks[k, e, f] * x[i * resources + f]
        for e in range(resources):
            for b in range(budgets):
                out[j * resources + e] += curve.border[j, e, b] * x[tail + b]
                out[tail + b] += curve.border[j, e, b] * x[j * resources + e]
    for b in range(budgets):
        for d in range(budgets):
            out[tail + b] += curve.corner[b, d] * x[tail + d]


@njit(cache=True, nogil=True)
def _nearest(v: float, rest: float, bend: float, knot: Floats, slope: Floats) -> float:
    """The price that is best for one coordinate: bend * (new - v) = rest - slope there."""
    for k in range(4):
        if knot[k + 1] > knot[k]:
            at = v + (rest - slope[k]) / bend
            if at < knot[k]:
                return knot[k]
            if at <= knot[k + 1]:
                return at
    return knot[4]


@njit(cache=True, nogil=True)
def _sweep(
    curve: Curvature,
    terms: Terms,
    start: Floats,
    low: Floats,
    high: Floats,
    x: Floats,
    rest: Floats,
) -> None:
    """Every coordinate once to its best, budgets first; rest: gradient - Q x, kept up to date."""
    reps, resources, budgets = curve.border.shape
    tail = reps * resources
    for b in range(budgets):
        k = tail + b
        v = start[k] + x[k]
        best = _nearest(v, rest[k], curve.corner[b, b], terms.knot[k], terms.slope[k])
        change = min(max(best, low[k]), high[k]) - v
        if change != 0.0:
            x[k] += change
            for d in range(budgets):
                rest[tail + d] -= curve.corner[d, b] * change
            for j in range(reps):
                for e in range(resources):
                    rest[j * resources + e] -= curve.border[j, e, b] * change
    for j in range(reps):
        for e in range(resources):
            k = j * resources + e
            v = start[k] + x[k]
            bend = curve.blocks[curve.diagonal[j], e, e]
            best = _nearest(v, rest[k], bend, terms.knot[k], terms.slope[k])
            change = min(max(best, low[k]), high[k]) - v
            if change == 0.0:
                continue
            x[k] += change
            for at in range(curve.row_first[j], curve.row_first[j + 1]):
                i = curve.column[at]
                for f in range(resources):
                    rest[i * resources + f] -= curve.blocks[at, e, f] * change
            for b in range(budgets):
                rest[tail + b] -= curve.border[j, e, b] * change


@njit(cache=True, nogil=True)
def _free_direction(
    curve: Curvature, bend: Floats, is_free: np.ndarray, downhill: Floats
) -> Floats:
    """Conjugate gradients, scaled by the diagonal, on the coordinates inside their piece."""
    size = downhill.size
    r, x = np.where(is_free, downhill, 0.0), np.zeros(size)
    along, image = np.zeros(size), np.empty(size)
    before, at_first = 1.0, 0.0
    for number in range(INNER):
        now = 0.0
        for k in range(size):
            now += r[k] * r[k] / bend[k]
        if number == 0:
            at_first = now
        if now <= 1e-6 * at_first or now <= 0.0:
            break
        for k in range(size):
            along[k] = r[k] / bend[k] + (along[k] * now / before if number > 0 else 0.0)
        before = now
        _apply(curve, along, image)
        bent = 0.0
        for k in range(size):
            image[k] = image[k] if is_free[k] else 0.0
            bent += along[k] * image[k]
        if bent <= 0.0:
            break
        for k in range(size):
            x[k] += now / bent * along[k]
            r[k] -= now / bent * image[k]
    return x


@njit(cache=True, nogil=True)
def best_step(
    curve: Curvature, terms: Terms, gradient: Floats, start: Floats, low: Floats, high: Floats
) -> tuple[Floats, float]:
    """The step x, (N), that gains most by the model, and that gain in USD.

    Maximises gradient . x - x . Q x / 2 - (limit_cost(start + x) - limit_cost(start)) within
    low <= start + x <= high: sweeps over coordinates find the pieces, conjugate gradients go
    on inside them.
    """
    reps, resources, budgets = curve.border.shape
    size = start.size
    bend = np.empty(size)
    for j in range(reps):
        for e in range(resources):
            bend[j * resources + e] = curve.blocks[curve.diagonal[j], e, e]
    for b in range(budgets):
        bend[reps * resources + b] = curve.corner[b, b]
    x, rest = np.zeros(size), gradient.copy()
    is_free = np.zeros(size, np.bool_)
    downhill, least, most = np.zeros(size), np.zeros(size), np.zeros(size)
    image, extra = np.empty(size), np.empty(size)
    base = limit_cost(terms, start)
    gain = 0.0
    for number in range(ALTERNATIONS):
        for _ in range(SWEEPS):
            _sweep(curve, terms, start, low, high, x, rest)
        for k in range(size):
            v = start[k] + x[k]
            is_free[k] = False
            for piece in range(4):
                left = max(terms.knot[k, piece], low[k])
                right = min(terms.knot[k, piece + 1], high[k])
                if left < v < right:
                    is_free[k] = True
                    least[k], most[k] = left - v, right - v
                    downhill[k] = rest[k] - terms.slope[k, piece]
        along = _free_direction(curve, bend, is_free, downhill)
        now = base + 0.5 * np.dot(x, gradient + rest) - limit_cost(terms, start + x)
        length = 1.0
        for _ in range(BACKTRACKS):
            for k in range(size):
                extra[k] = 0.0
                if is_free[k]:
                    extra[k] = min(max(length * along[k], least[k]), most[k])
            _apply(curve, extra, image)
            then = base + 0.5 * np.dot(x + extra, gradient + rest - image)
            then -= limit_cost(terms, start + x + extra)
            if then >= now:
                x += extra
                rest -= image
                now = then
                break
            length *= 0.4
        is_settled = number > 0 and now - gain < 1e-2 * now
        gain = now
        if is_settled:
            break
    return x, gain

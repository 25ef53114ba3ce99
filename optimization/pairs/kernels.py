"""Compiled loops over pairs. Everything that runs on them is in this one file on purpose: numba's
cache notices a change of the file that holds an entry point, not of what that imports.

All kernels release the GIL and write only rows of their own; `territory` runs them on threads over
blocks of units, so results cannot depend on the number of threads. Loops over reps are short, few
arrays each, because LLVM gives up vectorising where it must compare more than eight address ranges.

Arrays are taken out of `PairData` once per call and never in a loop: every time numba hands one on
it counts a reference in memory that all threads share.

Only `contract` (a*b + c in one rounding) is allowed of fast math: it never loses accuracy. What
decides whether a pair is *allowed* is computed without it, so that every kernel agrees to the bit.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from optimization.pairs.inputs import Bools, Floats, Ints

EARTH_RADIUS_KM = 6371.0088
# Experience multipliers run from 1.0 (junior) to 1.5 (senior).
EXPERIENCE_SPAN = 0.5
# Up to here (2,500 km) seven terms of the arcsine series leave a relative error below 1e-15.
NEAR = 0.02
# Places of a row whose minima are taken side by side: four vectors of eight doubles.
LANES = 32
# Columns of `PairData.account` and `PairData.rep`, which begin with a point of the unit sphere.
X, Y, Z, VISITS, SALES, WIN, BEST, NEED, SERVICE, MEAN_HOURS, MEAN_KM = range(11)
EXPERIENCE = 3
# Rows that `rank` adds to those of `PairData.rep`: travel price, then those of the resources.
TRAVEL, FIRST = 4, 5
# Columns of `PairData.tag` and of what `account_values` finds.
INDUSTRY, INCUMBENT, ZONE = range(3)
HOURS, KM, WON, LOSS, HANDOVER = range(5)


class Terms(NamedTuple):
    """Numbers of the policy."""

    hours_per_radian: float  # round trip hours per radian of half the central angle
    cap_limit: float  # sin^2 of half the angle at which a visit reaches its cap
    far_limit: float  # the same of the maximum distance; above 1: none
    cap_hours: float
    speed: float
    cost_per_km: float
    margin: float
    shortfall_penalty: float  # per unit of the experience multiplier
    skill_penalty: float
    loss_rate: float
    relief_for_experience: float
    relief_for_skill: float
    handover_usd: float


class PairData(NamedTuple):
    """`PairInputs` as the kernels want it, and what follows from it; C-contiguous, writable."""

    member: Ints  # (n) as in the inputs
    member_first: Ints
    class_of: Ints
    class_first: Ints  # (C + 1) reps class_rep[class_first[c] : class_first[c + 1]] of class c
    class_rep: Ints
    fixed: Ints
    nobody_usd: Floats
    waived: Bools  # (U) the maximum distance does not hold
    account: Floats  # (n, 11); NaN point: unknown
    tag: Ints  # (n, 3)
    move_weight: Floats
    rep: Floats  # (J, 4)
    rep_zone: Ints
    knows: Bools  # (I + 1, J); the last row, all False, is the unknown industry, found as -1
    is_stranger: Bools  # (I + 1, J) has skills, but not this industry's
    round_hours: Floats  # (Z, Y) round trip, capped; NaN not listed
    round_km: Floats
    is_far_zone: Bools  # (Z, Y)
    amount: Floats
    counts_above: Bools
    fill_cap: Floats
    terms: Terms


class RepRows(NamedTuple):
    """Prices turned into what one more hour or unit of amount costs at each rep."""

    travel: Floats  # (J) USD per travel hour
    net: Floats  # (S + 1, J) USD per amount where nothing is clipped; last row: service hours
    above: Floats  # (S, J) USD per amount, upper side
    below: Floats  # (S, J) USD per amount, lower side
    budget: Floats  # (B)


# --------------------------------------------------------------------------- one account, one rep


@njit(cache=True, nogil=True)
def account_values(data: PairData, accounts: Ints, reps: Ints, found: Floats) -> None:
    """Fill (n, 5) rows of travel hours, km, win, disruption loss and handover, a year.

    Rows of nobody are left as they are. Losses are USD before the margin.
    """
    account, tag, rep, rep_zone = data.account, data.tag, data.rep, data.rep_zone
    knows, is_stranger = data.knows, data.is_stranger
    round_hours, round_km, terms = data.round_hours, data.round_km, data.terms
    for k in range(accounts.size):
        i, j = accounts[k], reps[k]
        if j == rep.shape[0]:
            continue
        hours, km = account[i, MEAN_HOURS], account[i, MEAN_KM]
        zone, rep_at = tag[i, ZONE], rep_zone[j]
        if zone >= 0 and rep_at >= 0 and not math.isnan(round_hours[zone, rep_at]):
            hours, km = round_hours[zone, rep_at], round_km[zone, rep_at]
        else:
            dx = account[i, X] - rep[j, X]
            dy = account[i, Y] - rep[j, Y]
            dz = account[i, Z] - rep[j, Z]
            part = 0.25 * (dx * dx + dy * dy + dz * dz)
            if not math.isnan(part):
                hours = terms.hours_per_radian * math.asin(math.sqrt(min(part, 1.0)))
                hours = min(hours, terms.cap_hours)
                km = hours * terms.speed
        industry, before = tag[i, INDUSTRY], tag[i, INCUMBENT]
        short = min(max(account[i, NEED] - rep[j, EXPERIENCE], 0.0), EXPERIENCE_SPAN)
        fit = 1.0 - terms.shortfall_penalty * short
        if is_stranger[industry, j]:
            fit *= 1.0 - terms.skill_penalty
        found[k, HOURS] = account[i, VISITS] * hours
        found[k, KM] = account[i, VISITS] * km
        found[k, WON] = account[i, WIN] * fit
        if before >= 0 and before != j:
            kept = 1.0
            if rep[j, EXPERIENCE] >= rep[before, EXPERIENCE]:
                kept -= terms.relief_for_experience
            if knows[industry, j]:
                kept -= terms.relief_for_skill
            found[k, LOSS] = account[i, SALES] * terms.loss_rate * kept
            found[k, HANDOVER] = terms.handover_usd


# ------------------------------------------------------------------------- which pairs are allowed


@njit(cache=True, nogil=True)
def _is_beyond(point: Floats, at: Floats, p: int, limit: float) -> bool:
    """Whether the great circle is longer than the limit; never where a place is unknown."""
    dx, dy, dz = point[X] - at[X, p], point[Y] - at[Y, p], point[Z] - at[Z, p]
    return 0.25 * (dx * dx + dy * dy + dz * dz) > limit


@njit(cache=True, nogil=True)
def _bar_far(row: Floats, point: Floats, at: Floats, reps: Ints, before: int, limit: float) -> None:
    """Make the row infinite where a rep, other than the account's own, lies beyond the limit."""
    for p in range(reps.size):
        row[p] = np.inf if _is_beyond(point, at, p, limit) and reps[p] != before else row[p]


@njit(cache=True, nogil=True)
def _bar_far_listed(
    row: Floats,
    point: Floats,
    at: Floats,
    reps: Ints,
    before: int,
    limit: float,
    rep_zone: Ints,
    listed: Floats,
    is_far: Bools,
) -> None:
    """The same for an account with a zone: listed trips go by the matrix."""
    for p in range(reps.size):
        zone = rep_zone[reps[p]]
        if zone >= 0 and not math.isnan(listed[zone]):
            is_beyond = is_far[zone]
        else:
            is_beyond = _is_beyond(point, at, p, limit)
        if is_beyond and reps[p] != before:
            row[p] = np.inf


@njit(cache=True, nogil=True)
def allowed(data: PairData, units: Ints, first: Ints, rep: Ints, is_counting: bool) -> None:
    """Count the allowed reps of units[k] into first[k], or list them from rep[first[k]].

    Nobody comes last. A unit with a fixed rep has only that one.
    """
    fixed, nobody_usd, waived, class_of = data.fixed, data.nobody_usd, data.waived, data.class_of
    class_first, class_rep = data.class_first, data.class_rep
    member, member_first, account, tag = data.member, data.member_first, data.account, data.tag
    round_hours, is_far_zone, rep_zone = data.round_hours, data.is_far_zone, data.rep_zone
    limit, nobody, points = data.terms.far_limit, data.rep.shape[0], data.rep
    row, at, now = np.empty(nobody), np.empty((3, nobody)), -1
    listing = np.empty(nobody + 1, dtype=np.int64)
    for k in range(units.size):
        u, found = units[k], 0
        if fixed[u] >= 0:
            listing[0] = fixed[u]
            found = 1
        else:
            reps = class_rep[class_first[class_of[u]] : class_first[class_of[u] + 1]]
            if class_of[u] != now:
                now = class_of[u]
                for p in range(reps.size):
                    for x in range(3):
                        at[x, p] = points[reps[p], x]
            row[:] = 0.0
            if limit <= 1.0 and not waived[u]:
                for place in range(member_first[u], member_first[u + 1]):
                    i = member[place]
                    zone, before = tag[i, ZONE], tag[i, INCUMBENT]
                    if zone < 0:
                        _bar_far(row, account[i], at, reps, before, limit)
                    else:
                        listed, is_far = round_hours[zone], is_far_zone[zone]
                        _bar_far_listed(
                            row, account[i], at, reps, before, limit, rep_zone, listed, is_far
                        )
            for p in range(reps.size):
                if row[p] == 0.0:
                    listing[found] = reps[p]
                    found += 1
            if nobody_usd[u] < np.inf:
                listing[found] = nobody
                found += 1
        if is_counting:
            first[k] = found
        else:
            rep[first[k] : first[k] + found] = listing[:found]


# ------------------------------------------------------------------------------ one unit, all reps


@njit(cache=True, nogil=True, fastmath={"contract"})
def _near_hours(hours: Floats, point: Floats, at: Floats, scale: float, limit: float) -> None:
    """Round trips that reach the cap within 2,500 km: the arcsine's series, error below 1e-15."""
    x, y, z = point[0], point[1], point[2]
    ax, ay, az = at[0], at[1], at[2]
    for p in range(hours.size):
        dx, dy, dz = x - ax[p], y - ay[p], z - az[p]
        t = min(0.25 * (dx * dx + dy * dy + dz * dz), limit)
        arc = 143.0 / 10240.0
        arc = arc * t + 231.0 / 13312.0
        arc = arc * t + 63.0 / 2816.0
        arc = arc * t + 35.0 / 1152.0
        arc = arc * t + 5.0 / 112.0
        arc = arc * t + 3.0 / 40.0
        arc = arc * t + 1.0 / 6.0
        arc = arc * t + 1.0
        hours[p] = scale * math.sqrt(t) * arc


@njit(cache=True, nogil=True, fastmath={"contract"})
def _far_hours(hours: Floats, point: Floats, at: Floats, scale: float, limit: float) -> None:
    """Round trips of any length.

    arcsin(sqrt(t)) / sqrt(t) on [0, 1/2] is its interpolation at 18 Chebyshev nodes in s = 4t - 1,
    relative error below 1e-14; beyond, arcsin(sqrt(t)) = pi/2 - arcsin(sqrt(1 - t)).
    """
    x, y, z = point[0], point[1], point[2]
    ax, ay, az = at[0], at[1], at[2]
    for p in range(hours.size):
        dx, dy, dz = x - ax[p], y - ay[p], z - az[p]
        half = min(0.25 * (dx * dx + dy * dy + dz * dz), limit)
        t = min(half, 1.0 - half)
        s = 4.0 * t - 1.0
        arc = 3.860299734191762e-11
        arc = arc * s + 1.4167906354284948e-10
        arc = arc * s + 2.6653247510290015e-10
        arc = arc * s + 8.290549481494571e-10
        arc = arc * s + 3.1860483634065724e-09
        arc = arc * s + 1.0834860909704324e-08
        arc = arc * s + 3.6489969564475665e-08
        arc = arc * s + 1.2576975115684442e-07
        arc = arc * s + 4.401957813013645e-07
        arc = arc * s + 1.5669865334189128e-06
        arc = arc * s + 5.7017840706185486e-06
        arc = arc * s + 2.1345548593170667e-05
        arc = arc * s + 8.302317788029881e-05
        arc = arc * s + 0.00034086372377221486
        arc = arc * s + 0.0015196685395820117
        arc = arc * s + 0.007798902238956549
        arc = arc * s + 0.05375149359132848
        arc = arc * s + 1.0471975511965979
        arc = arc * math.sqrt(t)
        hours[p] = scale * (arc if half <= 0.5 else 0.5 * math.pi - arc)


@njit(cache=True, nogil=True)
def _trip_hours(hours: Floats, point: Floats, at: Floats, scale: float, limit: float) -> None:
    """Capped round trips over great circles; meaningless where a place is unknown."""
    if limit <= NEAR:
        _near_hours(hours, point, at, scale, limit)
    else:
        _far_hours(hours, point, at, scale, limit)


@njit(cache=True, nogil=True)
def _put_listed(
    hours: Floats,
    row: Floats,
    at: Floats,
    reps: Ints,
    rep_zone: Ints,
    account: Floats,
    listed: Floats,
    listed_km: Floats,
    terms: Terms,
) -> None:
    """Put the listed trips in, and into the row what km cost beyond hours x speed."""
    usd_per_km = account[VISITS] * terms.cost_per_km
    for p in range(reps.size):
        zone = rep_zone[reps[p]]
        if zone >= 0 and not math.isnan(listed[zone]):
            hours[p] = listed[zone]
            row[p] += usd_per_km * (listed_km[zone] - listed[zone] * terms.speed)
        elif math.isnan(account[X] - at[X, p]):
            row[p] += usd_per_km * (account[MEAN_KM] - account[MEAN_HOURS] * terms.speed)


@njit(cache=True, nogil=True)
def mean_trips(data: PairData, accounts: Ints) -> None:
    """Fill the mean round trips of accounts over the reps to whom a trip is known; 0 for none."""
    account, tag, rep_zone, terms = data.account, data.tag, data.rep_zone, data.terms
    round_hours, round_km = data.round_hours, data.round_km
    at = data.rep[:, :3].T.copy()
    hours = np.empty(at.shape[1])
    for i in accounts:
        _trip_hours(hours, account[i], at, terms.hours_per_radian, terms.cap_limit)
        count, total_hours, total_km = 0, 0.0, 0.0
        for j in range(hours.size):
            zone, rep_at = tag[i, ZONE], rep_zone[j]
            if zone >= 0 and rep_at >= 0 and not math.isnan(round_hours[zone, rep_at]):
                total_hours += round_hours[zone, rep_at]
                total_km += round_km[zone, rep_at]
                count += 1
            elif not math.isnan(account[i, X] - at[X, j]):
                total_hours += hours[j]
                total_km += hours[j] * terms.speed
                count += 1
        if count:
            account[i, MEAN_HOURS] = total_hours / count
            account[i, MEAN_KM] = total_km / count


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add(row: Floats, factor: float, values: Floats) -> None:
    for p in range(row.size):
        row[p] += factor * values[p]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_product(row: Floats, factor: float, values: Floats, others: Floats) -> None:
    for p in range(row.size):
        row[p] += factor * values[p] * others[p]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_amounts(row: Floats, taken: Floats, price: Floats, start: int) -> None:
    """Add taken[s] * price[s] from s = start on; three at once take a third of the passes."""
    s = start
    while s + 3 <= taken.size:
        a, b, c = taken[s], taken[s + 1], taken[s + 2]
        of_a, of_b, of_c = price[s], price[s + 1], price[s + 2]
        for p in range(row.size):
            row[p] += a * of_a[p] + b * of_b[p] + c * of_c[p]
        s += 3
    for rest in range(s, taken.size):
        _add(row, taken[rest], price[rest])


@njit(cache=True, nogil=True, fastmath={"contract"})
def _subtract_fill(row: Floats, amount: float, cap: Floats, price: Floats) -> None:
    for p in range(row.size):
        row[p] -= min(amount, cap[p]) * price[p]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_fit_loss(
    row: Floats, win: float, best: float, need: float, penalty: float, exp: Floats, skill: Floats
) -> None:
    """Add best - win * fit; penalty: per unit of shortfall; skill: factor of the fit."""
    for p in range(row.size):
        short = min(max(need - exp[p], 0.0), EXPERIENCE_SPAN)
        row[p] += best - win * ((1.0 - penalty * short) * skill[p])


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_change(
    row: Floats, fee: float, loss: float, relief: float, before: float, exp: Floats, kept: Floats
) -> None:
    """Add what leaving the incumbent costs; kept: 1 - relief for knowing the industry."""
    for p in range(row.size):
        saved = relief if exp[p] >= before else 0.0
        row[p] += fee + loss * (kept[p] - saved)


@njit(cache=True, nogil=True)
def _insert(rep: Ints, priced: Floats, j: int, value: float) -> None:
    """Keep the best of a sorted list if this is among them; ties go to the smaller rep."""
    place = priced.size - 1
    if not (value < priced[place] or (value == priced[place] and j < rep[place])):
        return
    while place > 0:
        before = priced[place - 1]
        if before < value or (before == value and rep[place - 1] < j):
            break
        priced[place] = before
        rep[place] = rep[place - 1]
        place -= 1
    priced[place] = value
    rep[place] = j


@njit(cache=True, nogil=True)
def _select(lanes: Floats, least: Floats, reps: Ints, rep: Ints, priced: Floats) -> None:
    """The lowest of a row of width blocks x LANES, padded with inf.

    The minima of all lanes are taken side by side; then most lanes turn out to hold nothing as good
    as the worst that is kept.
    """
    last = priced.size - 1
    least[:] = np.inf
    for block in range(lanes.shape[0]):
        for lane in range(LANES):
            least[lane] = min(least[lane], lanes[block, lane])
    for lane in range(min(LANES, reps.size)):
        if least[lane] <= priced[last]:
            for block in range(lanes.shape[0]):
                if lanes[block, lane] <= priced[last] and lanes[block, lane] < np.inf:
                    _insert(rep, priced, reps[block * LANES + lane], lanes[block, lane])


# ---------------------------------------------------------------------------- all units, all reps


@njit(cache=True, nogil=True)
def _rank_class(
    data: PairData,
    values: Floats,
    budget: Floats,
    reps: Ints,
    units: Ints,
    order: Ints,
    rep: Ints,
    priced: Floats,
) -> None:
    """`rank` for units of one class. values: rows over all reps as `rank` stacks them."""
    member, member_first, nobody_usd = data.member, data.member_first, data.nobody_usd
    account, tag, move_weight, terms = data.account, data.tag, data.move_weight, data.terms
    knows, is_stranger, rep_zone = data.knows, data.is_stranger, data.rep_zone
    round_hours, round_km, is_far_zone = data.round_hours, data.round_km, data.is_far_zone
    amount, counts_above, waived = data.amount, data.counts_above, data.waived
    experience, total, separable = values[EXPERIENCE], values.shape[1], amount.shape[1]

    # Rows of this class's reps side by side, padded to whole lanes: no loop has a remainder.
    m, width = reps.size, LANES * ((reps.size + LANES - 1) // LANES)
    held = np.zeros((values.shape[0], width))
    place_of = np.full(total, -1)
    for p in range(m):
        place_of[reps[p]] = p
        for x in range(values.shape[0]):
            held[x, p] = values[x, reps[p]]
    homeless = np.flatnonzero(np.isnan(held[X]))
    at, exp, travel = held[: Z + 1], held[EXPERIENCE], held[TRAVEL]
    above, below = held[FIRST : FIRST + separable], held[FIRST + separable : FIRST + 2 * separable]
    cap, net = held[FIRST + 2 * separable : FIRST + 3 * separable], held[FIRST + 3 * separable :]
    least_cap, taken = np.full(separable, np.inf), np.empty(separable + 1)
    for s in range(separable):
        for p in range(m):
            if below[s, p] > 0.0:
                least_cap[s] = min(least_cap[s], cap[s, p])
    skills = np.empty((2 * knows.shape[0], width))
    is_gathered = np.zeros(knows.shape[0], dtype=np.bool_)
    row, hours, least = np.empty(width), np.empty(width), np.empty(LANES)
    lanes = row.reshape(width // LANES, LANES)

    for k in range(order.size):
        u = units[order[k]]
        row[:] = 0.0
        is_clipped = False
        for s in range(separable):
            taken[s] = amount[u, s]
            is_clipped |= not counts_above[u, s] or taken[s] > least_cap[s]
        taken[separable] = 0.0
        for place in range(member_first[u], member_first[u + 1]):
            taken[separable] += account[member[place], SERVICE]
        if is_clipped:
            for s in range(separable):
                if counts_above[u, s]:
                    _add(row, taken[s], above[s])
                _subtract_fill(row, taken[s], cap[s], below[s])
        _add_amounts(row, taken, net, separable if is_clipped else 0)

        nobody = nobody_usd[u]
        for place in range(member_first[u], member_first[u + 1]):
            i = member[place]
            industry, before, zone = tag[i, INDUSTRY], tag[i, INCUMBENT], tag[i, ZONE]
            skill, kept = skills[2 * industry], skills[2 * industry + 1]
            if not is_gathered[industry]:
                is_gathered[industry] = True
                skill[:], kept[:] = 1.0, 1.0
                for p in range(m):
                    if is_stranger[industry, reps[p]]:
                        skill[p] = 1.0 - terms.skill_penalty
                    if knows[industry, reps[p]]:
                        kept[p] = 1.0 - terms.relief_for_skill

            if math.isnan(account[i, X]):
                hours[:] = account[i, MEAN_HOURS]
            else:
                scale, limit = terms.hours_per_radian, terms.cap_limit
                _trip_hours(hours, account[i], at, scale, limit)
                for q in range(homeless.size):
                    hours[homeless[q]] = account[i, MEAN_HOURS]
            if zone >= 0:
                listed, km = round_hours[zone], round_km[zone]
                _put_listed(hours, row, at, reps, rep_zone, account[i], listed, km, terms)
            _add_product(row, account[i, VISITS], hours, travel)

            win = terms.margin * account[i, WIN]
            if win > 0.0:
                best, penalty = terms.margin * account[i, BEST], terms.shortfall_penalty
                _add_fit_loss(row, win, best, account[i, NEED], penalty, exp, skill)

            if before >= 0:
                fee = terms.handover_usd
                for b in range(budget.size):
                    fee += budget[b] * move_weight[i, b]
                    nobody += budget[b] * move_weight[i, b]
                home = place_of[before]
                unmoved = row[home] if home >= 0 else 0.0
                loss = terms.margin * account[i, SALES] * terms.loss_rate
                relief = terms.relief_for_experience
                _add_change(row, fee, loss, relief, experience[before], exp, kept)
                if home >= 0:
                    row[home] = unmoved

        if terms.far_limit <= 1.0 and not waived[u]:
            for place in range(member_first[u], member_first[u + 1]):
                i = member[place]
                zone, before, limit = tag[i, ZONE], tag[i, INCUMBENT], terms.far_limit
                if zone < 0:
                    _bar_far(row, account[i], at, reps, before, limit)
                else:
                    listed, is_far = round_hours[zone], is_far_zone[zone]
                    _bar_far_listed(
                        row, account[i], at, reps, before, limit, rep_zone, listed, is_far
                    )
        row[m:] = np.inf
        best_rep, best_priced = rep[order[k]], priced[order[k]]
        _select(lanes, least, reps, best_rep, best_priced)
        if nobody < np.inf:
            _insert(best_rep, best_priced, total, nobody)


@njit(cache=True, nogil=True)
def rank(
    data: PairData, rows: RepRows, units: Ints, order: Ints, rep: Ints, priced: Floats
) -> None:
    """Fill rows order[k] of rep and priced, (n, depth), with the cheapest reps of units[order[k]].

    Units of one class should follow each other in `order`: each run gathers its reps anew. Units
    with a fixed rep are the caller's.
    """
    class_of, class_first, class_rep = data.class_of, data.class_first, data.class_rep
    separable = rows.above.shape[0]
    # Point, experience, travel price; above, below, cap of each amount; net prices.
    values = np.empty((FIRST + 4 * separable + 1, data.rep.shape[0]))
    values[:TRAVEL] = data.rep.T
    values[TRAVEL] = rows.travel
    values[FIRST : FIRST + separable] = rows.above
    values[FIRST + separable : FIRST + 2 * separable] = rows.below
    values[FIRST + 2 * separable : FIRST + 3 * separable] = data.fill_cap.T
    values[FIRST + 3 * separable :] = rows.net
    start = 0
    while start < order.size:
        now = class_of[units[order[start]]]
        end = start + 1
        while end < order.size and class_of[units[order[end]]] == now:
            end += 1
        reps = class_rep[class_first[now] : class_first[now + 1]]
        _rank_class(data, values, rows.budget, reps, units, order[start:end], rep, priced)
        start = end


def warm_up() -> None:
    """Compile every kernel, for set-up time: what is not cached takes many seconds once.

    Goes through the classes that plans use, so that the compiled types are those of plans.
    """
    from optimization.engine.problem import Prices
    from optimization.pairs.territory import TerritoryPairs
    from optimization.pairs.tiny import tiny_inputs

    inputs = tiny_inputs()
    pairs = TerritoryPairs(inputs)
    shape = (inputs.rep_count, inputs.resource_count)
    pairs.cheapest(Prices.zero(*shape, inputs.budget_count), 1)
    pairs.all_arcs()

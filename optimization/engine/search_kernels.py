"""Compiled steps of the local search: annealed ejection chains over candidate arcs.

Every limit is turned into an *upper side*: a signed amount y (load, or fill with a minus) of one
rep with a soft limit at a price and a hard limit at an adaptive penalty,

    charge_j = sum_q soft_price_jq * max(y_jq - soft_jq, 0) + penalty_jq * max(y_jq - hard_jq, 0).

One step draws a unit and one of its arcs, moves it there, and lets the receiving rep pass on the
best of a sample of its own units, and so on (an ejection chain, Yagiura, Ibaraki & Glover 2004):
depth 1 is a shift, depth 2 back to the giving rep is a swap. The first prefix of the chain whose
change of cost plus charges passes the Metropolis test is kept, else all of it is undone.

Limits of teams are charged alike. A chain is priced link by link; where a team is in several of its
links, that is put right before the chain is kept.

Penalties follow Yagiura, Ibaraki & Glover (2006): up while a limit is exceeded, down while it is
kept. The kernels are compiled without the global lock and draw from their own generator, so plans
depend on nothing but the seed and the number of steps.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from optimization.engine.problem import Floats, Ints

# Places of `State.total`.
COST, EXCESS, CLASHES, BEST_COST, BEST_EXCESS, CLASH_PENALTY, SPENT = range(7)
TOTALS = 7
# Places of `State.count`.
BROKEN, LOGGED, IMPROVED = range(3)
COUNTS = 3
# An interval of `Course.adapt` that no search reaches.
NEVER = 1 << 60
# Longest chain.
LONGEST = 8
# Chance that a step starts at an exceeded limit while there is one.
REPAIR = 0.3
# Changes of the penalties, once in `Course.adapt` priced arcs.
RISE, FALL = 1.03, 0.97


class Field(NamedTuple):
    """What the search never changes: F units with a choice, A arcs, J + 1 reps, Q sides of single
    reps, P sides of teams with Z rows in all."""

    first: Ints  # (F + 1) arcs of each unit, cheapest at the given prices first
    rep: Ints  # (A)
    cost: Floats  # (A)
    priced: Floats  # (A) cost at the dual prices
    amount: Floats  # (A, Q) signed
    weight: Floats  # (A, B)
    unit: Ints  # (A)
    into_first: Ints  # (J + 2) arcs into each rep: into_arc[into_first[j] : into_first[j + 1]]
    into_arc: Ints  # (A)
    limit: Floats  # (J + 1, Q, 3) soft limit, soft price, hard limit
    dual: Floats  # (J + 1, Q) prices of a side's amounts
    least: Floats  # (J + 1, Q) lowest penalties
    floor: Floats  # (J + 1) lowest charge of any amounts
    budget: Floats  # (B)
    budget_dual: Floats  # (B)
    budget_least: Floats  # (B) lowest penalties
    clash_least: float
    standing: Floats  # (A) units without a choice that the arc must not meet at its rep
    apart_first: Ints  # (F + 1) units that must not share a rep with this one
    apart: Ints  # (...)
    team: Ints  # (J + 1, P) row of each rep's team, -1 without one
    team_amount: Floats  # (A, P) signed
    team_limit: Floats  # (Z, 3) as `limit`
    team_dual: Floats  # (Z)
    team_least: Floats  # (Z)


class State(NamedTuple):
    """The current plan, its sums, and the best plan so far."""

    arc: Ints  # (F) arc in use
    y: Floats  # (J + 1, Q)
    charge: Floats  # (J + 1) soft cost and penalties, less the amounts at dual prices
    penalty: Floats  # (J + 1, Q)
    used: Floats  # (B)
    budget_penalty: Floats  # (B)
    held: Ints  # (A) units of each rep, in the places of into_arc
    held_count: Ints  # (J + 1)
    place: Ints  # (F) where the unit stands in `held`
    broken: Ints  # (J + 1) reps with an exceeded hard limit, `count[BROKEN]` of them
    broken_place: Ints  # (J + 1) place there, or -1
    best: Ints  # (F) arcs of the best plan, but for the logged units
    log: Ints  # (F) units changed since `best` was the current plan
    is_logged: Ints  # (F)
    team_y: Floats  # (Z)
    team_penalty: Floats  # (Z)
    team_change: Floats  # (Z) 0 but while a chain is priced
    total: Floats
    count: Ints
    random: np.ndarray  # (1) uint64


class Course(NamedTuple):
    """How the search goes on for one slice."""

    hot: float  # temperature at the start of the slice
    cold: float  # and at its end
    allowance: float  # total excess that counts as none
    adapt: int  # arcs priced between two changes of the penalties
    depth: int  # longest chain
    sample: int  # units looked at per link of a chain
    width: int  # partial chains of one length
    weight: float  # of the charges against the pairs' priced costs, at the start of the slice
    last_weight: float  # and at its end


@njit(cache=True, nogil=True)
def _draw(random):
    """xorshift64*: uniform in [0, 1)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def _charge(y, limit, penalty, dual, j):
    total = 0.0
    for q in range(y.shape[1]):
        total -= dual[j, q] * y[j, q]
        over = y[j, q] - limit[j, q, 0]
        if over > 0.0:
            total += limit[j, q, 1] * over
        over = y[j, q] - limit[j, q, 2]
        if over > 0.0:
            total += penalty[j, q] * over
    return total


@njit(cache=True, nogil=True)
def _charge_after(y, limit, penalty, dual, j, amount, on, off):
    """Charge of rep j if arc `on` came and arc `off` went (-1: none)."""
    total = 0.0
    for q in range(y.shape[1]):
        value = y[j, q]
        if on >= 0:
            value += amount[on, q]
        if off >= 0:
            value -= amount[off, q]
        total -= dual[j, q] * value
        over = value - limit[j, q, 0]
        if over > 0.0:
            total += limit[j, q, 1] * over
        over = value - limit[j, q, 2]
        if over > 0.0:
            total += penalty[j, q] * over
    return total


@njit(cache=True, nogil=True)
def _team_charge(field, state, r, y):
    """Charge of the row r of a team that holds y."""
    total = -field.team_dual[r] * y
    over = y - field.team_limit[r, 0]
    if over > 0.0:
        total += field.team_limit[r, 1] * over
    over = y - field.team_limit[r, 2]
    if over > 0.0:
        total += state.team_penalty[r] * over
    return total


@njit(cache=True, nogil=True)
def _team_change(field, state, j, on, i, off):
    """What the charges of teams grow by if arc `on` came to rep j and arc `off` went from rep i."""
    total = 0.0
    for p in range(field.team.shape[1]):
        r, s = field.team[j, p], field.team[i, p]
        if r >= 0:
            y = state.team_y[r]
            after = y + field.team_amount[on, p]
            if s == r:
                after -= field.team_amount[off, p]
            total += _team_charge(field, state, r, after) - _team_charge(field, state, r, y)
        if s >= 0 and s != r:
            y = state.team_y[s]
            after = y - field.team_amount[off, p]
            total += _team_charge(field, state, s, after) - _team_charge(field, state, s, y)
    return total


@njit(cache=True, nogil=True)
def _team_relief(field, state, j):
    """The most that the charges of rep j's teams can fall by, leaving out the dual prices."""
    total = 0.0
    for p in range(field.team.shape[1]):
        r = field.team[j, p]
        if r >= 0:
            y = state.team_y[r]
            total += _team_charge(field, state, r, y) + field.team_dual[r] * y
    return total


@njit(cache=True, nogil=True)
def _team_chain(field, state, found, length, share):
    """What the teams charge for a whole chain beyond what was counted link by link."""
    if field.team.shape[1] == 0:
        return 0.0
    counted, whole = 0.0, 0.0
    for k in range(length):
        on = found[k]
        u = field.unit[on]
        off = state.arc[u]
        j, i = field.rep[on], field.rep[off]
        # Link by link, rep j got `on` and gave what comes next; the last one gave nothing, and the
        # first unit's rep got nothing.
        if k + 1 < length:
            counted += _team_change(field, state, j, on, j, state.arc[field.unit[found[k + 1]]])
        else:
            first = state.arc[field.unit[found[0]]]
            counted += _team_change(field, state, j, on, field.rep[first], first)
        for p in range(field.team.shape[1]):
            r, s = field.team[j, p], field.team[i, p]
            if r >= 0:
                before = state.team_change[r]
                state.team_change[r] += field.team_amount[on, p]
                y = state.team_y[r]
                whole += _team_charge(field, state, r, y + state.team_change[r])
                whole -= _team_charge(field, state, r, y + before)
            if s >= 0:
                before = state.team_change[s]
                state.team_change[s] -= field.team_amount[off, p]
                y = state.team_y[s]
                whole += _team_charge(field, state, s, y + state.team_change[s])
                whole -= _team_charge(field, state, s, y + before)
    for k in range(length):
        off = state.arc[field.unit[found[k]]]
        for p in range(field.team.shape[1]):
            if field.team[field.rep[found[k]], p] >= 0:
                state.team_change[field.team[field.rep[found[k]], p]] = 0.0
            if field.team[field.rep[off], p] >= 0:
                state.team_change[field.team[field.rep[off], p]] = 0.0
    return share * (whole - counted)


@njit(cache=True, nogil=True)
def _put_team(field, state, r, amount):
    """Add an amount to what a team holds, and the difference to the totals."""
    limit, y = field.team_limit, state.team_y[r]
    state.team_y[r] = y + amount
    soft = max(y + amount - limit[r, 0], 0.0) - max(y - limit[r, 0], 0.0)
    if limit[r, 1] > 0.0:
        state.total[COST] += limit[r, 1] * soft
    state.total[EXCESS] += max(y + amount - limit[r, 2], 0.0) - max(y - limit[r, 2], 0.0)


@njit(cache=True, nogil=True)
def _soft_and_excess(y, limit, j):
    soft = 0.0
    excess = 0.0
    for q in range(y.shape[1]):
        over = y[j, q] - limit[j, q, 0]
        if over > 0.0:
            soft += limit[j, q, 1] * over
        over = y[j, q] - limit[j, q, 2]
        if over > 0.0:
            excess += over
    return soft, excess


@njit(cache=True, nogil=True)
def _clashes(field, state, u, j):
    """Units that must not share a rep with u and are at j."""
    total = 0
    if j < field.limit.shape[0] - 1:
        for k in range(field.apart_first[u], field.apart_first[u + 1]):
            if field.rep[state.arc[field.apart[k]]] == j:
                total += 1
    return total


@njit(cache=True, nogil=True)
def _shift(field, state, u, a):
    """Put unit u on arc a: sums and totals, not the lists of units."""
    off = state.arc[u]
    i, j = field.rep[off], field.rep[a]
    y, limit = state.y, field.limit
    soft_i, excess_i = _soft_and_excess(y, limit, i)
    soft_j, excess_j = _soft_and_excess(y, limit, j)
    if field.apart_first[u + 1] > field.apart_first[u]:
        state.total[CLASHES] += _clashes(field, state, u, j) - _clashes(field, state, u, i)
    state.total[CLASHES] += field.standing[a] - field.standing[off]
    for q in range(y.shape[1]):
        y[i, q] -= field.amount[off, q]
        y[j, q] += field.amount[a, q]
    for p in range(field.team.shape[1]):
        if field.team[i, p] >= 0:
            _put_team(field, state, field.team[i, p], -field.team_amount[off, p])
        if field.team[j, p] >= 0:
            _put_team(field, state, field.team[j, p], field.team_amount[a, p])
    for b in range(field.budget.size):
        before = state.used[b] - field.budget[b]
        after = before + field.weight[a, b] - field.weight[off, b]
        state.used[b] += field.weight[a, b] - field.weight[off, b]
        state.total[EXCESS] += max(after, 0.0) - max(before, 0.0)
    state.arc[u] = a
    state.charge[i] = _charge(y, limit, state.penalty, field.dual, i)
    state.charge[j] = _charge(y, limit, state.penalty, field.dual, j)
    soft, excess = _soft_and_excess(y, limit, i)
    state.total[COST] += soft - soft_i
    state.total[EXCESS] += excess - excess_i
    soft, excess = _soft_and_excess(y, limit, j)
    state.total[COST] += soft - soft_j + field.cost[a] - field.cost[off]
    state.total[EXCESS] += excess - excess_j


@njit(cache=True, nogil=True)
def _mark(field, state, j):
    """Keep the list of reps with an exceeded hard limit."""
    exceeded = False
    for q in range(state.y.shape[1]):
        if state.y[j, q] > field.limit[j, q, 2]:
            exceeded = True
    at = state.broken_place[j]
    if exceeded and at < 0:
        state.broken_place[j] = state.count[BROKEN]
        state.broken[state.count[BROKEN]] = j
        state.count[BROKEN] += 1
    elif not exceeded and at >= 0:
        state.count[BROKEN] -= 1
        last = state.broken[state.count[BROKEN]]
        state.broken[at] = last
        state.broken_place[last] = at
        state.broken_place[j] = -1


@njit(cache=True, nogil=True)
def _relist(field, state, u, i):
    """Unit u went from the list of rep i to that of its present rep."""
    at = state.place[u]
    state.held_count[i] -= 1
    last = state.held[field.into_first[i] + state.held_count[i]]
    state.held[field.into_first[i] + at] = last
    state.place[last] = at
    j = field.rep[state.arc[u]]
    state.place[u] = state.held_count[j]
    state.held[field.into_first[j] + state.held_count[j]] = u
    state.held_count[j] += 1
    if state.is_logged[u] == 0:
        state.is_logged[u] = 1
        state.log[state.count[LOGGED]] = u
        state.count[LOGGED] += 1


@njit(cache=True, nogil=True)
def _keep_best(state, allowance):
    """Note the current plan if it is better: less excess beyond the allowance, then cost."""
    total = state.total
    excess = max(total[EXCESS] - allowance, 0.0)
    if excess < 1e-9:
        excess = 0.0
    excess += total[CLASHES]
    scale = 1e-10 * (1.0 + abs(total[BEST_COST]))
    if excess < total[BEST_EXCESS] - 1e-9 or (
        excess <= total[BEST_EXCESS] and total[COST] < total[BEST_COST] - scale
    ):
        total[BEST_EXCESS] = excess
        total[BEST_COST] = total[COST]
        for k in range(state.count[LOGGED]):
            u = state.log[k]
            state.best[u] = state.arc[u]
            state.is_logged[u] = 0
        state.count[LOGGED] = 0
        state.count[IMPROVED] += 1


@njit(cache=True, nogil=True)
def refresh(field, state, base, allowance):
    """All sums afresh; base: (J + 1, Q) amounts, (Z) those of teams, (B) use and cost of what has
    no choice."""
    base_y, base_team, base_used, base_cost = base
    state.y[:] = base_y
    state.team_y[:] = base_team
    state.used[:] = base_used
    state.held_count[:] = 0
    cost = base_cost
    clashes = 0.0
    for u in range(state.arc.size):
        a = state.arc[u]
        j = field.rep[a]
        for q in range(state.y.shape[1]):
            state.y[j, q] += field.amount[a, q]
        for b in range(field.budget.size):
            state.used[b] += field.weight[a, b]
        for p in range(field.team.shape[1]):
            if field.team[j, p] >= 0:
                state.team_y[field.team[j, p]] += field.team_amount[a, p]
        cost += field.cost[a]
        state.place[u] = state.held_count[j]
        state.held[field.into_first[j] + state.held_count[j]] = u
        state.held_count[j] += 1
        clashes += field.standing[a] + _clashes(field, state, u, j) / 2
    excess = 0.0
    for j in range(state.charge.size):
        state.charge[j] = _charge(state.y, field.limit, state.penalty, field.dual, j)
        soft, over = _soft_and_excess(state.y, field.limit, j)
        cost += soft
        excess += over
        _mark(field, state, j)
    for r in range(state.team_y.size):
        if field.team_limit[r, 1] > 0.0:
            cost += field.team_limit[r, 1] * max(state.team_y[r] - field.team_limit[r, 0], 0.0)
        excess += max(state.team_y[r] - field.team_limit[r, 2], 0.0)
    for b in range(field.budget.size):
        excess += max(state.used[b] - field.budget[b], 0.0)
    state.total[COST] = cost
    state.total[EXCESS] = excess
    state.total[CLASHES] = clashes
    _keep_best(state, allowance)


@njit(cache=True, nogil=True)
def return_to_best(field, state, base, allowance):
    """Make the best plan the current one."""
    for k in range(state.count[LOGGED]):
        u = state.log[k]
        state.arc[u] = state.best[u]
        state.is_logged[u] = 0
    state.count[LOGGED] = 0
    refresh(field, state, base, allowance)


@njit(cache=True, nogil=True)
def _adapt(field, state, allowance):
    """Penalties of exceeded limits rise; all fall once every limit is kept.

    Falling singly, while some other limit is exceeded, leaves a fixed share of all limits exceeded
    at any time: with 60 reps then never a plan that keeps them all.
    """
    is_over = state.total[EXCESS] > allowance + 1e-9
    for j in range(state.charge.size - 1):
        for q in range(state.y.shape[1]):
            if not is_over:
                state.penalty[j, q] = max(state.penalty[j, q] * FALL, field.least[j, q])
            elif state.y[j, q] > field.limit[j, q, 2]:
                state.penalty[j, q] *= RISE
        state.charge[j] = _charge(state.y, field.limit, state.penalty, field.dual, j)
    for r in range(state.team_y.size):
        if not is_over:
            state.team_penalty[r] = max(state.team_penalty[r] * FALL, field.team_least[r])
        elif state.team_y[r] > field.team_limit[r, 2]:
            state.team_penalty[r] *= RISE
    for b in range(field.budget.size):
        if not is_over:
            state.budget_penalty[b] = max(state.budget_penalty[b] * FALL, field.budget_least[b])
        elif state.used[b] > field.budget[b]:
            state.budget_penalty[b] *= RISE
    if state.total[CLASHES] > 0:
        state.total[CLASH_PENALTY] *= RISE
    else:
        state.total[CLASH_PENALTY] = max(state.total[CLASH_PENALTY] * FALL, field.clash_least)


@njit(cache=True, nogil=True)
def _pick(field, state):
    """A unit to start from: near an exceeded limit at times, else any."""
    random = state.random
    if state.count[BROKEN] > 0 and _draw(random) < REPAIR:
        j = state.broken[int(_draw(random) * state.count[BROKEN])]
        takes = False
        sides = state.y.shape[1]
        start = int(_draw(random) * sides)
        for k in range(sides):
            q = (start + k) % sides
            if state.y[j, q] > field.limit[j, q, 2]:
                # Sides of fills carry negative amounts: such a rep needs units, others lose some.
                takes = field.limit[j, q, 2] < 0.0
                break
        span = field.into_first[j + 1] - field.into_first[j]
        if takes and span > 0:
            return field.unit[field.into_arc[field.into_first[j] + int(_draw(random) * span)]]
        if not takes and state.held_count[j] > 0:
            return state.held[field.into_first[j] + int(_draw(random) * state.held_count[j])]
    return int(_draw(random) * state.arc.size)


@njit(cache=True, nogil=True)
def anneal(field, state, course, evaluations):
    """Steps until `evaluations` changes of a rep have been priced."""
    y, limit, penalty, charge, dual = state.y, field.limit, state.penalty, state.charge, field.dual
    rep, priced, amount, first = field.rep, field.priced, field.amount, field.first
    # Without teams nothing is asked of them: the calls alone would take four fifths of the time.
    has_teams = field.team.shape[1] > 0
    random, nobody = state.random, limit.shape[0] - 1
    width = course.width
    # Partial chains of this and the next length: arcs entered, sum so far, unit without a rep.
    arcs = np.empty((width, LONGEST), np.int64)
    sums = np.empty(width)
    loose = np.empty(width, np.int64)
    next_arcs = np.empty((width, LONGEST), np.int64)
    next_sums = np.empty(width)
    next_loose = np.empty(width, np.int64)
    found = np.empty(LONGEST, np.int64)
    spent = 0
    due = course.adapt
    cooling = np.log(course.cold / course.hot)
    temperature = course.hot
    steps = 0
    relief = 0.0
    share = course.weight
    while spent < evaluations:
        steps += 1
        if steps % 64 == 1:
            temperature = course.hot * np.exp(cooling * spent / evaluations)
            share = course.weight * (course.last_weight / course.weight) ** (spent / evaluations)
            relief = 0.0
            for j in range(nobody):
                mine = charge[j] - field.floor[j]
                if has_teams:
                    mine += _team_relief(field, state, j)
                relief = max(relief, mine)
        if spent >= due:
            _adapt(field, state, course.allowance)
            due += course.adapt
        begin = _pick(field, state)
        # Counts even where every candidate is pruned, so that the loop ends.
        spent += 1
        threshold = -temperature * np.log(1.0 - _draw(random))
        leaving = state.arc[begin]
        origin = rep[leaving]
        emptied = _charge_after(y, limit, penalty, dual, origin, amount, -1, leaving)
        emptied -= charge[origin]
        count = 1
        sums[0] = 0.0
        loose[0] = begin
        lowest = threshold
        length = 0
        for links in range(course.depth):
            next_count = 0
            for p in range(count):
                u = loose[p]
                was = state.arc[u]
                # A loose unit other than the first goes home to the place the first one left.
                for a in range(first[u], first[u + 1]):
                    j = rep[a]
                    if a == was:
                        continue
                    base = sums[p] + priced[a] - priced[was]
                    if base - share * relief >= lowest:
                        break
                    most = charge[j] - field.floor[j]
                    if has_teams:
                        most += _team_relief(field, state, j)
                    if base - share * most >= lowest and j != origin:
                        spent += 1
                        continue
                    met = field.standing[a] - field.standing[was]
                    if field.apart_first[u + 1] > field.apart_first[u]:
                        met += _clashes(field, state, u, j) - _clashes(field, state, u, rep[was])
                    if met != 0.0:
                        base += state.total[CLASH_PENALTY] * met
                    if j == origin:
                        spent += 1
                        total = -charge[j]
                        total += _charge_after(y, limit, penalty, dual, j, amount, a, leaving)
                        if has_teams:
                            total += _team_change(field, state, j, a, j, leaving)
                        total = base + share * total
                        if total < lowest:
                            lowest = total
                            length = links + 1
                            for k in range(links):
                                found[k] = arcs[p, k]
                            found[links] = a
                        continue
                    known = False
                    for k in range(links):
                        if rep[arcs[p, k]] == j:
                            known = True
                    if known:
                        continue
                    # The end of the chain at j, with the first unit's place left empty.
                    spent += 1
                    total = -charge[j] + emptied
                    total += _charge_after(y, limit, penalty, dual, j, amount, a, -1)
                    if has_teams:
                        total += _team_change(field, state, j, a, origin, leaving)
                    total = base + share * total
                    if total < lowest:
                        lowest = total
                        length = links + 1
                        for k in range(links):
                            found[k] = arcs[p, k]
                        found[links] = a
                    if j == nobody or links + 1 >= course.depth:
                        continue
                    many = state.held_count[j]
                    look = min(many, course.sample)
                    if many == 0:
                        continue
                    at = int(_draw(random) * many)
                    spent += look
                    for _ in range(look):
                        at += 1
                        if at >= many:
                            at -= many
                        v = state.held[field.into_first[j] + at]
                        total = -charge[j]
                        total += _charge_after(y, limit, penalty, dual, j, amount, a, state.arc[v])
                        if has_teams:
                            total += _team_change(field, state, j, a, j, state.arc[v])
                        total = base + share * total
                        if total >= lowest:
                            continue
                        if next_count == width and total >= next_sums[width - 1]:
                            continue
                        k = next_count if next_count < width else width - 1
                        while k > 0 and next_sums[k - 1] > total:
                            next_sums[k] = next_sums[k - 1]
                            next_loose[k] = next_loose[k - 1]
                            next_arcs[k, : links + 1] = next_arcs[k - 1, : links + 1]
                            k -= 1
                        next_sums[k] = total
                        next_loose[k] = v
                        next_arcs[k, :links] = arcs[p, :links]
                        next_arcs[k, links] = a
                        if next_count < width:
                            next_count += 1
            if length > 0 or next_count == 0:
                break
            arcs, next_arcs = next_arcs, arcs
            sums, next_sums = next_sums, sums
            loose, next_loose = next_loose, loose
            count = next_count
        if has_teams and length > 1:
            lowest += _team_chain(field, state, found, length, share)
        if length > 0 and _fits_budgets(field, state, found, length, lowest, threshold):
            for k in range(length):
                a = found[k]
                u = field.unit[a]
                i = rep[state.arc[u]]
                _shift(field, state, u, a)
                _relist(field, state, u, i)
                _mark(field, state, i)
                _mark(field, state, rep[a])
                for j in (i, rep[a]):
                    relief = max(relief, charge[j] - field.floor[j])
            _keep_best(state, course.allowance)
    state.total[SPENT] += spent


@njit(cache=True, nogil=True)
def _fits_budgets(field, state, found, length, change, threshold):
    """Whether the chain passes with the budgets (and whole teams) counted as well."""
    for b in range(field.budget.size):
        weight = 0.0
        for k in range(length):
            a = found[k]
            weight += field.weight[a, b] - field.weight[state.arc[field.unit[a]], b]
        before = state.used[b] - field.budget[b]
        after = before + weight
        change += state.budget_penalty[b] * (max(after, 0.0) - max(before, 0.0))
        change -= field.budget_dual[b] * weight
    return change < threshold

"""Last year's plan: owners that balance several metrics near home, without the planning engine.

Every unit starts with the seat nearest to it. Passes over the units, in their order, then hand each
to that one of its nearest seats which lowers the sum of

    weight * sum over seats and metrics of (load / target - 1)^2  +  sum over units of size * km / D

An account larger than a mean target counts as one. `size` is the unit's mean share of a mean
target, D a typical distance to a neighbouring seat. The weight rises from pass to pass, so that
surplus spreads from seat to seat while the plan is still pliable, and balance decides in the end.
No random numbers, no solver, one thread: the same loads give the same owners everywhere,
750,000 units × 1,000 seats in seconds.
"""

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Seats a unit may have, and the neighbour whose distance is typical.
NEAREST, NEIGHBOUR = 12, 4
# Mean territories that a seat must be able to choose from.
ENOUGH_REACH = 3.0
# Weights of balance from the first pass to the last: distance rules at 1, balance at 300.
WEIGHTS = np.geomspace(1.0, 300.0, 24)
EARTH_RADIUS_KM = 6371.0088
# Units searched at a time: distances and seats of 100,000 units are 20 MB.
BLOCK = 100_000


def balanced_owner(load: Floats, target: Floats, unit_place: Floats, seat_place: Floats) -> Ints:
    """(U) seat of each unit.

    Args:
        load: (U, E) amounts of each metric.
        target: (J, E) amounts each seat should hold, all above 0 and with the same totals.
        unit_place, seat_place: (U, 2), (J, 2) latitude and longitude in degrees.
    """
    seat, km = _nearest_seats(unit_place, seat_place)
    load = np.minimum(load, target.mean(axis=0))
    size = (load / target.mean(axis=0)).mean(axis=1)
    typical = max(float(np.median(km[:, min(NEIGHBOUR, seat.shape[1] - 1)])), 1.0)
    seat, km = _with_remote_seats(seat, km, size, unit_place, seat_place)
    owner = seat[:, 0].astype(np.int64)
    _settle(owner, seat, (size[:, None] * km / typical).astype(np.float32), load, target, WEIGHTS)
    return owner


def _nearest_seats(
    unit_place: Floats, seat_place: Floats
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The nearest seats of every unit and their great-circle distances, nearest first."""
    from scipy.spatial import cKDTree

    tree = cKDTree(_on_sphere(seat_place))
    count = min(NEAREST, seat_place.shape[0])
    seat = np.empty((unit_place.shape[0], count), dtype=np.int32)
    km = np.empty(seat.shape, dtype=np.float32)
    for start in range(0, unit_place.shape[0], BLOCK):
        rows = slice(start, start + BLOCK)
        chord, found = tree.query(_on_sphere(unit_place[rows]), k=np.arange(1, count + 1))
        seat[rows] = found
        km[rows] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0))
    return seat, km


def _with_remote_seats(
    seat: npt.NDArray[np.int32],
    km: npt.NDArray[np.float32],
    size: Floats,
    unit_place: Floats,
    seat_place: Floats,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """One more seat for some units: one that is among the nearest of too few to fill it.

    A seat in Hawaii is nobody's twelfth nearest on the mainland. It is offered the units nearest to
    it, three territories' worth; where two such seats want a unit, the later one has it.
    """
    count = seat_place.shape[0]
    reach = np.zeros(count)
    for column in seat.T:
        reach += np.bincount(column, size, count)
    more, way = seat[:, 0].copy(), km[:, 0].copy()
    for j in np.flatnonzero(reach < ENOUGH_REACH).tolist():
        chord = np.linalg.norm(_on_sphere(unit_place) - _on_sphere(seat_place[j : j + 1]), axis=1)
        nearest = np.argsort(chord, kind="stable")
        nearest = nearest[np.cumsum(size[nearest]) < ENOUGH_REACH]
        more[nearest] = j
        way[nearest] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord[nearest] / 2, 1.0))
    return np.column_stack((seat, more)), np.column_stack((km, way))


def _on_sphere(place: Floats) -> Floats:
    phi, theta = np.radians(place).T
    return np.column_stack((np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)))


@numba.njit(cache=True)
def _settle(owner, seat, way, load, target, weights):  # type: ignore[no-untyped-def]
    """Hand units over, in place; seat, way: (U, K) candidates and what their distance costs."""
    units, metrics = load.shape
    off = np.full(target.shape, -1.0)  # load / target - 1
    at = np.zeros(units, dtype=np.int64)  # place of the owner among the candidates
    for u in range(units):
        for e in range(metrics):
            off[owner[u], e] += load[u, e] / target[owner[u], e]
    for weight in weights:
        for u in range(units):
            here = owner[u]
            given = 0.0
            for e in range(metrics):
                share = load[u, e] / target[here, e]
                given -= share * (2 * off[here, e] - share)
            best, change = -1, -1e-12
            for k in range(seat.shape[1]):
                there = seat[u, k]
                if there == here:
                    continue
                taken = 0.0
                for e in range(metrics):
                    share = load[u, e] / target[there, e]
                    taken += share * (2 * off[there, e] + share)
                rise = weight * (given + taken) + way[u, k] - way[u, at[u]]
                if rise < change:
                    best, change = k, rise
            if best < 0:
                continue
            there = seat[u, best]
            for e in range(metrics):
                off[here, e] -= load[u, e] / target[here, e]
                off[there, e] += load[u, e] / target[there, e]
            owner[u], at[u] = there, best

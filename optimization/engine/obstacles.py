"""Groups that cannot all be served: Hall's condition by maximum flow, proved by addition.

Sources must send their whole supply to sinks that they reach; a sink takes no more than its room.
By Hall's theorem (in Gale's form for amounts) that is possible unless some set of sources supplies
more than all the sinks it reaches take. The maximum flow finds such a set, the sums prove it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.problem import Bools, Floats, Ints
from optimization.engine.small_lp import SmallLp

# Groups named of one network: whoever repairs ten conflicts looks again anyway.
MOST_GROUPS = 10
# Links of one network; beyond it the flow would take longer than it is worth.
MOST_LINKS = 200_000
# Sinks of a group up to which every one is tried with a flow of its own; beyond, with sums.
MOST_TRIED = 60
# Share of the whole supply that counts as rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Group:
    """Sinks that cannot take what must go to them, as few as can be told apart.

    sinks: rising. sources: all sources that reach no other sink, rising. supply exceeds room.
    """

    sources: Ints
    sinks: Ints
    supply: float
    room: float


def overfull_groups(supply: Floats, room: Floats, reaches: Bools) -> list[Group]:
    """Proofs that supply and room do not fit, the worst first; empty where they do.

    supply: (m) >= 0. room: (k) >= 0, inf: unlimited. reaches: (m, k). Each group would disappear
    with one of its sinks less. No group is the fault of earlier ones: before the next is sought,
    the supply of a group is cut to its room. The amounts in the answer are not cut.
    """
    if int(reaches.sum()) > MOST_LINKS:
        return []
    whole, supply = supply, supply.astype(np.float64, copy=True)
    slack = ROUNDING * max(float(whole.sum()), 1.0)
    groups: list[Group] = []
    while len(groups) < MOST_GROUPS:
        sources = _violating(supply, room, reaches)
        if _missing(supply, room, reaches, sources) <= slack:
            break
        group = _smallest(supply, room, reaches, sources, slack)
        supply[group.sources] *= group.room / group.supply
        groups.append(replace(group, supply=float(whole[group.sources].sum())))
    return sorted(groups, key=lambda group: group.room - group.supply)


def whole_sources(supply: Floats, reaches: Bools, sinks: Bools) -> Ints:
    """Sources with a supply that reach sinks of the set and no others."""
    return np.flatnonzero((supply > 0) & ~(reaches & ~sinks).any(axis=1))


def _missing(supply: Floats, room: Floats, reaches: Bools, sources: Ints) -> float:
    """Supply of the sources less the room of all sinks they reach."""
    return float(supply[sources].sum() - room[reaches[sources].any(axis=0)].sum())


def _smallest(supply: Floats, room: Floats, reaches: Bools, sources: Ints, slack: float) -> Group:
    """A group within the violating sources from which no sink can be taken.

    Without a sink the sources that reach it are gone too, so sinks are tried one after the other.
    """
    sinks = np.asarray(reaches[sources].any(axis=0))
    for sink in np.flatnonzero(sinks).tolist():
        if not sinks[sink]:
            continue
        fewer = sinks.copy()
        fewer[sink] = False
        left = whole_sources(supply, reaches, fewer)
        if left.size and np.count_nonzero(sinks) <= MOST_TRIED:
            # Some of what is left may be short of room while the rest has some to spare.
            inside = np.zeros_like(supply)
            inside[left] = supply[left]
            left = _violating(inside, room, reaches)
        if _missing(supply, room, reaches, left) > slack:
            sinks = np.asarray(reaches[left].any(axis=0))
    sources = whole_sources(supply, reaches, sinks)
    sinks = np.asarray(reaches[sources].any(axis=0))
    return Group(
        sources=sources,
        sinks=np.flatnonzero(sinks),
        supply=float(supply[sources].sum()),
        room=float(room[sinks].sum()),
    )


def _violating(supply: Floats, room: Floats, reaches: Bools) -> Ints:
    """Sources on the far side of a minimum cut; the set that lacks most room.

    Dual of the maximum flow: a source is in the set where one more unit of its supply would not
    flow.
    """
    source, sink = np.nonzero(reaches & (supply > 0)[:, None])
    if not source.size:
        return np.flatnonzero(supply > 0)
    column, ones = np.arange(source.size), np.ones(source.size)
    flow = SmallLp(source.size)
    flow.cost[:] = -1.0
    for row, most in ((source, supply), (sink, room)):
        flow.add_rows(row, column, ones, np.full(most.size, -np.inf), most)
    flow.minimum()
    return np.flatnonzero((flow.dual[: supply.size] > -0.5) & (supply > 0))


def joined(rows: Bools) -> Iterator[Ints]:
    """Sets of columns of (C, J) with equal entries in every row; their first columns rising."""
    packed = np.packbits(rows, axis=0)
    _, first, of = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for place in np.argsort(first, kind="stable"):
        yield np.flatnonzero(of.ravel() == place)

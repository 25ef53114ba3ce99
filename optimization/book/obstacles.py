"""Why no plan can keep the policy, in business words with amounts, before anything is solved.

Beside what `conflicts` finds rep by rep:

- groups of reps: accounts that only they may own exceed what their upper limits hold together, or
  all they may own is less than their lower limits ask for together;
- move budgets: what the limits of one metric force to move costs more than a budget allows.

Every sentence is proved by adding amounts up. Pairs are taken as allowed where eligibility, locks
and assignments allow them; a maximum distance only makes matters worse.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimization.book.amounts import reps_in_words, resource_in_words
from optimization.book.forced_moves import forced_moves, most_fill
from optimization.book.planning import Planning
from optimization.book.tables import Floats, Ints
from optimization.engine.obstacles import Group, joined, overfull_groups
from optimization.engine.problem import TOLERANCE
from optimization.policy import LEVEL_PREFIX


def named_obstacles(planning: Planning) -> list[str]:
    """One sentence for each limit or group of limits that no plan keeps; empty where none is known.

    Proves, does not guess: an empty list is no promise that a plan exists.
    """
    return [*planning.clashes, *_groups(planning), *forced_moves(planning)]


@dataclass(frozen=True)
class _Network:
    """One resource: units by eligibility class, reps by the classes they share."""

    name: str  # of the resource
    must: Floats  # (C) amounts that need an owner, units held with a rep left out
    can: Floats  # (C) most that each class brings toward the lower limits
    held: Floats  # (J) amounts held with each rep, toward the upper limits
    brought: Floats  # (J) the same toward the lower limits
    upper: Floats  # (J) in amounts; inf: none
    lower: Floats  # (J) in amounts; 0: none


def _groups(planning: Planning) -> Iterator[str]:
    reaches = planning.units.class_reps
    if not reaches.size:
        return
    alike = list(joined(reaches))
    class_reaches = np.column_stack([reaches[:, reps[0]] for reps in alike])
    for network in _networks(planning):
        free = np.maximum(network.upper - network.held, 0.0)
        room = np.array([free[reps].sum() for reps in alike])
        for group in overfull_groups(network.must, room, class_reaches):
            reps = np.concatenate([alike[sink] for sink in group.sinks])
            yield from _too_much(planning, network, group, np.sort(reps))
        missing = np.maximum(network.lower - network.brought, 0.0)
        need = np.array([missing[reps].sum() for reps in alike])
        for group in overfull_groups(need, network.can, class_reaches.T):
            reps = np.concatenate([alike[source] for source in group.sources])
            # Whoever is held enough for the lower limit already asks for nothing.
            reps = reps[missing[reps] > 0]
            yield from _too_little(planning, network, group, np.sort(reps))


def _too_much(planning: Planning, network: _Network, group: Group, reps: Ints) -> Iterator[str]:
    held = float(np.minimum(network.held, network.upper)[reps].sum())
    most, limit = group.supply + held, float(network.upper[reps].sum())
    if _is_told_elsewhere(planning, network.name, reps) or most <= limit * (1 + TOLERANCE):
        return
    words = resource_in_words(planning, network.name)
    yield (
        f"{words.title} of {reps_in_words(planning.reps, reps)}: what only they may own has "
        f"{words.amount(most)}, and their upper limits add up to {words.amount(limit)}; "
        f"{words.amount(most - limit)} too much"
    )


def _too_little(planning: Planning, network: _Network, group: Group, reps: Ints) -> Iterator[str]:
    brought = float(np.minimum(network.brought, network.lower)[reps].sum())
    most, limit = group.room + brought, float(network.lower[reps].sum())
    if _is_told_elsewhere(planning, network.name, reps) or most >= limit * (1 - TOLERANCE):
        return
    words = resource_in_words(planning, network.name)
    yield (
        f"{words.title} of {reps_in_words(planning.reps, reps)}: all that they may own can fill "
        f"{words.amount(most)} of their lower limits, which add up to {words.amount(limit)}; "
        f"{words.amount(limit - most)} missing"
    )


def _networks(planning: Planning) -> Iterator[_Network]:
    """The separable resources, and clock hours without travel in hours of service."""
    inputs, units, limits = planning.pairs.inputs, planning.units, planning.problem.limits
    for s, place in enumerate(inputs.separable_resource.tolist()):
        if planning.problem.resources[place].startswith(LEVEL_PREFIX):
            continue  # `level_conflicts` looks at groups.
        yield _network(
            planning,
            place,
            above=np.where(inputs.counts_above[:, s], inputs.amount[:, s], 0.0),
            below=np.minimum(inputs.amount[:, s], most_fill(inputs, s)),
            scale=inputs.scale[:, s],
        )
    clock = inputs.clock_resource
    if clock >= 0 and np.isfinite(limits.upper[:, clock]).any():
        service = units.total(inputs.service_hours)
        pace = inputs.capacity_hours * inputs.experience_multiplier
        yield _network(planning, clock, above=service, below=service, scale=pace)


def _network(
    planning: Planning, place: int, above: Floats, below: Floats, scale: Floats
) -> _Network:
    """above, below: (U) amounts toward the two sides. scale: (J) amount of a scaled load of 1."""
    units, limits = planning.units, planning.problem.limits
    classes, reps = units.class_reps.shape
    is_held, needs_owner = units.fixed >= 0, np.isinf(units.nobody_usd)
    free, held = needs_owner & ~is_held, needs_owner & is_held
    return _Network(
        name=planning.problem.resources[place],
        must=_sums(units.class_of[free], above[free], classes),
        can=_sums(units.class_of[~is_held], below[~is_held], classes),
        held=_sums(units.fixed[held], above[held], reps),
        brought=_sums(units.fixed[is_held], below[is_held], reps),
        upper=limits.upper[:, place] * scale,
        lower=np.maximum(limits.lower[:, place], 0.0) * scale,
    )


def _sums(place: Ints, amount: Floats, count: int) -> Floats:
    return np.bincount(place, amount, count).astype(np.float64)


def _is_told_elsewhere(planning: Planning, name: str, reps: Ints) -> bool:
    """Single reps, and targets fixed for a whole component, are what `conflicts` looks at."""
    targets = planning.targets
    if reps.size == 1:
        return True
    if name not in targets.names:
        return False
    k = targets.names.index(name)
    band, component = targets.bands[k], targets.metric_component[:, k]
    if band is None or not band.fixed_targets:
        return False
    return bool(reps.size == np.count_nonzero(component == component[reps[0]]))

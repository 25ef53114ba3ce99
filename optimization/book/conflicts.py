"""Limits that no plan can keep, found by adding up what must and what can be with each rep.

Each check compares one limit with the least or the most that any plan brings to it, so every
sentence here is a proof. What only shows when limits act together is left to the solver.
"""

from collections.abc import Iterable

import numpy as np

from optimization.book.budgets import UNIT_OF_MEASURE, Budgets, least_use
from optimization.book.resources import Resources
from optimization.book.splitting import unit_component
from optimization.book.tables import AccountArrays, Floats, Ints, RepArrays
from optimization.book.targets import Targets
from optimization.book.units import Units
from optimization.engine.problem import TOLERANCE
from optimization.policy import LEVEL_PREFIX, LIMIT_PREFIX

UNIT_OF_METRIC = {"hours": "hours", "potential": "USD", "sales": "USD", "account_count": "accounts"}


def find_clashes(
    accounts: AccountArrays,
    reps: RepArrays,
    units: Units,
    targets: Targets,
    resources: Resources,
    budgets: Budgets,
) -> list[str]:
    """Sentences, one per limit, that name the limit, what clashes with it, and both amounts."""
    return [
        *_held_and_reachable(reps, units, targets, resources),
        *_totals(units, targets),
        *_clock(accounts, reps, units, resources),
        *_budgets(accounts, units, budgets),
    ]


def _held_and_reachable(
    reps: RepArrays, units: Units, targets: Targets, resources: Resources
) -> Iterable[str]:
    """Per rep: what it must own against the upper limits, what it may own against the lower."""
    must = only_rep(units)
    for s, place in enumerate(resources.separable.tolist()):
        if resources.names[place].startswith(LEVEL_PREFIX):
            continue
        name, measure = _described(resources.names[place], s, targets)
        scale = resources.scale[:, s]
        amount = resources.amount[:, s]
        above = np.where(resources.counts_above[:, s], amount, 0.0)
        held = np.bincount(must[must >= 0], above[must >= 0], len(reps))
        upper = resources.limits.upper[:, place] * scale
        for j in np.flatnonzero(held > upper + TOLERANCE * scale).tolist():
            yield (
                f"{name} of rep {reps.labels[j]}: what only this rep may own, by locks, "
                f"assignments or eligibility, has {held[j]:,.0f} {measure}, the upper limit is "
                f"{upper[j]:,.0f}"
            )
        lower = resources.limits.lower[:, place] * scale
        if np.isfinite(lower).any():
            most = _reachable(amount, units)
            for j in np.flatnonzero(most < lower - TOLERANCE * scale).tolist():
                yield (
                    f"{name} of rep {reps.labels[j]}: all that this rep may own has "
                    f"{most[j]:,.0f} {measure}, the lower limit is {lower[j]:,.0f}"
                )


def only_rep(units: Units) -> Ints:
    """(U) the only rep a unit may have, -1 where it has a choice or may have none."""
    alone = np.count_nonzero(units.class_reps, axis=1) == 1
    first = units.class_reps.argmax(axis=1) if units.class_reps.size else np.zeros(0, np.int64)
    only = np.where(alone[units.class_of], first[units.class_of], -1)
    only = np.where(units.fixed >= 0, units.fixed, only)
    return np.where(np.isinf(units.nobody_usd), only, -1)


def _reachable(amount: Floats, units: Units) -> Floats:
    """(J) sum of the amounts of all units that each rep may own."""
    free = units.fixed < 0
    classes, reps = units.class_reps.shape
    by_class = np.bincount(units.class_of[free], amount[free], classes)
    held = np.bincount(units.fixed[~free], amount[~free], reps)
    return (by_class @ units.class_reps + held).astype(np.float64)


def _totals(units: Units, targets: Targets) -> Iterable[str]:
    """Per component and metric: all that needs an owner against the sum of the upper limits."""
    needs_owner = np.isinf(units.nobody_usd)
    for k, band in enumerate(targets.bands):
        if band is None or not band.fixed_targets:
            continue  # Otherwise the targets add up to the total by construction.
        component = targets.metric_component[:, k]
        home = unit_component(units, component)
        ordinary = np.where(targets.giant[:, k], 0.0, targets.load[:, k])
        count = int(component.max(initial=-1)) + 1
        counted = (home >= 0) & needs_owner
        total = np.bincount(home[counted], ordinary[counted], count)
        most = np.bincount(component, targets.upper[:, k], count)
        placed = home >= 0
        whole = np.bincount(home[placed], targets.load[placed, k], count)
        least = np.bincount(component, targets.lower[:, k], count)
        measure = UNIT_OF_METRIC[band.metric]
        for c in range(count):
            if total[c] > most[c] * (1 + TOLERANCE):
                yield (
                    f"metric {band.name}: fixed targets leave room for {most[c]:,.0f} {measure}, "
                    f"and {total[c]:,.0f} need an owner; raise fixed_targets or name fewer reps"
                )
            if least[c] * (1 - TOLERANCE) > whole[c]:
                yield (
                    f"metric {band.name}: fixed targets ask for at least {least[c]:,.0f} "
                    f"{measure}, and there are {whole[c]:,.0f}; lower fixed_targets"
                )


def _clock(
    accounts: AccountArrays, reps: RepArrays, units: Units, resources: Resources
) -> Iterable[str]:
    if resources.clock < 0:
        return
    must = only_rep(units)
    service = units.total(accounts.service_hours)
    held = np.bincount(must[must >= 0], service[must >= 0], len(reps)) / reps.experience_multiplier
    ceiling = resources.limits.upper[:, resources.clock] * resources.clock_scale
    for j in np.flatnonzero(held > ceiling * (1 + TOLERANCE)).tolist():
        yield (
            f"overtime ceiling of rep {reps.labels[j]}: what only this rep may own takes "
            f"{held[j]:,.0f} clock hours without travel, the ceiling is {ceiling[j]:,.0f}"
        )


def _budgets(accounts: AccountArrays, units: Units, budgets: Budgets) -> Iterable[str]:
    used = least_use(accounts, units, budgets.weight)
    for b in np.flatnonzero(used > budgets.limit + TOLERANCE).tolist():
        measure = UNIT_OF_MEASURE[budgets.names[b]]
        scale, share = budgets.scale[b], budgets.share[b]
        yield (
            f"move budget of {budgets.names[b]}: every plan moves at least "
            f"{used[b] * scale:,.0f} {measure} ({used[b] * share:.1%}), because units with "
            f"several owners get one and assignments are followed; the limit is "
            f"{budgets.limit[b] * scale:,.0f} ({budgets.limit[b] * share:.1%})"
        )


def _described(resource: str, s: int, targets: Targets) -> tuple[str, str]:
    if resource.startswith(LIMIT_PREFIX):
        return f"account limit '{resource.removeprefix(LIMIT_PREFIX)}'", "accounts"
    return f"metric {resource}", UNIT_OF_METRIC[targets.measures[s]]

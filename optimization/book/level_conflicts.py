"""Bands of groups that no plan can keep: what must be and what can be with a manager or region.

As in `conflicts` every sentence is proved by adding amounts up: what only reps of the group may
own against its upper limit, all that any of them may own against its lower limit.
"""

from collections.abc import Iterator

import numpy as np

from optimization.book.conflicts import UNIT_OF_METRIC
from optimization.book.levels import Level
from optimization.book.tables import Bools
from optimization.book.targets import Targets
from optimization.book.units import Units
from optimization.engine.problem import TOLERANCE


def level_clashes(levels: tuple[Level, ...], targets: Targets, units: Units) -> list[str]:
    """Sentences, one per group and side, that name the limit and both amounts."""
    return [text for level in levels for text in _of_level(level, targets, units)]


def _of_level(level: Level, targets: Targets, units: Units) -> Iterator[str]:
    load, giant = targets.load[:, level.metric], targets.giant[:, level.metric]
    unit = UNIT_OF_METRIC[targets.measures[level.metric]]
    upper = level.limit(1, level.band.tolerance_pct)
    lower = level.limit(-1, level.band.tolerance_pct)
    needs_owner = np.isinf(units.nobody_usd)
    for g in range(len(level.groups)):
        inside = level.of_rep == g
        may, must = _reach(units, inside)
        held = float(load[must & needs_owner & ~giant].sum())
        most = float(load[may].sum())
        room = TOLERANCE * level.scale[g]
        called = f"{level.band.metric} of {level.labels[g]}"
        if held > upper[g] + room:
            yield (
                f"{called}: what only this team may own, by locks, assignments or eligibility, has "
                f"{held:,.0f} {unit}, the upper limit is {upper[g]:,.0f}"
            )
        if most < lower[g] - room:
            yield (
                f"{called}: all that this team may own has {most:,.0f} {unit}, the lower limit is "
                f"{lower[g]:,.0f}"
            )


def _reach(units: Units, inside: Bools) -> tuple[Bools, Bools]:
    """(U) units that some rep inside may own, and those that no rep outside may."""
    of_class = units.class_reps
    may = np.asarray((of_class & inside).any(axis=1))[units.class_of]
    must = ~np.asarray((of_class & ~inside).any(axis=1))[units.class_of] & may
    held = units.fixed >= 0
    may[held] = must[held] = inside[units.fixed[held]]
    return may, must

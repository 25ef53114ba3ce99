"""Waterfall: the rule a sales operations team applies by hand, account by account."""

import numpy as np

from benchmarks.case import METRICS, Bools, Case, Ints, great_circle_km


def plan(case: Case, seconds: float, seed: int) -> Ints:  # noqa: ARG001
    """Held units first; then the largest, each to its owner if there is room, else to the nearest.

    Room means that no metric passes its upper limit. Where nobody has room, the rep whose fullest
    metric stays lowest takes the unit.
    """
    reps, bands = case.reps, case.bands
    load = np.zeros((len(reps), len(METRICS)))
    owner = case.fixed.copy()
    held = owner >= 0
    for k in range(len(METRICS)):
        counted = np.where(bands.is_giant[held, k], 0.0, case.unit_load[held, k])
        load[:, k] = np.bincount(owner[held], weights=counted, minlength=len(reps))
    banned = dict(case.forbidden)
    anchor = case.anchor
    for unit in np.argsort(-case.unit_load[:, 0], kind="stable"):
        if held[unit]:
            continue
        after = load + np.where(bands.is_giant[unit], 0.0, case.unit_load[unit])
        has_room: Bools = np.asarray((after <= bands.upper).all(axis=1))
        if unit in banned:
            has_room[banned[unit]] = False
        today = case.accounts.incumbent[anchor[unit]]
        if today >= 0 and has_room[today]:
            chosen = int(today)
        elif has_room.any():
            km = great_circle_km(
                case.accounts.latitude[anchor[unit]],
                case.accounts.longitude[anchor[unit]],
                reps.latitude,
                reps.longitude,
            )
            chosen = int(np.argmin(np.where(has_room, km, np.inf)))
        else:
            fullest = (after / bands.target).max(axis=1)
            if unit in banned:
                fullest[banned[unit]] = np.inf
            chosen = int(np.argmin(fullest))
        owner[unit] = chosen
        load[chosen] = after[chosen]
    return owner[case.accounts.unit]

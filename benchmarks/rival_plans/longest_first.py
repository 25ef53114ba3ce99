"""Greedy balance: longest processing time first (Graham 1969), over four metrics at once."""

import numpy as np

from benchmarks.case import Case, Ints


def plan(case: Case, seconds: float, seed: int) -> Ints:  # noqa: ARG001
    """Held units first; then the largest units, each where the fullest metric stays lowest.

    Looks neither at travel nor at who owns the account today.
    """
    target = case.bands.target
    filled = np.zeros(target.shape)
    owner = case.fixed.copy()
    held = owner >= 0
    for k in range(target.shape[1]):
        filled[:, k] = np.bincount(
            owner[held], weights=case.unit_load[held, k], minlength=len(case.reps)
        )
    filled /= target
    banned = dict(case.forbidden)
    size = (case.unit_load / target.mean(axis=0)).max(axis=1)
    for unit in np.argsort(-size, kind="stable"):
        if held[unit]:
            continue
        after = filled + case.unit_load[unit] / target
        worst = after.max(axis=1)
        if unit in banned:
            worst[banned[unit]] = np.inf
        best = int(np.argmin(worst))
        owner[unit] = best
        filled[best] = after[best]
    return owner[case.accounts.unit]

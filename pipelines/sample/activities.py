"""Logged activities: the hours reps spend with accounts."""

from dataclasses import dataclass

import numpy as np

from pipelines.sample.accounts import AccountChunk
from pipelines.sample.history import History
from pipelines.sample.ownership import Ownership

# Type, share of the log, shortest and longest duration in quarter hours.
KINDS = (
    ("Call", 0.38, 1, 4),
    ("Email", 0.14, 1, 2),
    ("Web Meeting", 0.22, 2, 8),
    ("On-site Visit", 0.16, 6, 18),
    ("Demo", 0.10, 4, 12),
)
MEAN_HOURS = sum(share * (shortest + longest) / 8 for _, share, shortest, longest in KINDS)
# One account never takes more than a rep's year.
MOST_HOURS_A_YEAR = 1_500.0


@dataclass(frozen=True)
class Activities:
    """Activities of one chunk, sorted by account and day; `kind` is a number in `KINDS`."""

    account: np.ndarray
    rep: np.ndarray
    kind: np.ndarray
    day: np.ndarray
    duration_hours: np.ndarray


def draw_activities(
    rng: np.random.Generator,
    chunk: AccountChunk,
    ownership: Ownership,
    history: History,
    hours_per_attention: float,
) -> Activities:
    """Activities whose hours, at the experience of who logs them, sum to the accounts' needs.

    Args:
        hours_per_attention: junior-standard hours a year of an account with attention 1.
    """
    hours = np.minimum(chunk.attention * hours_per_attention, MOST_HOURS_A_YEAR)
    worker = np.where(chunk.owner >= 0, chunk.owner, chunk.predecessor)
    clock_hours = hours / ownership.team.multiplier[worker]
    account = np.repeat(
        np.arange(len(chunk)), rng.poisson(clock_hours * history.years / MEAN_HOURS)
    )
    day = history.draw_working_days(rng, len(account))
    rep = chunk.rep_on(account, day, ownership)
    kind = rng.choice(len(KINDS), len(account), p=[share for _, share, _, _ in KINDS])
    bounds = np.array([(shortest, longest + 1) for _, _, shortest, longest in KINDS])
    quarters = rng.integers(bounds[kind, 0], bounds[kind, 1])
    order = np.lexsort((kind, day, account))
    return Activities(
        account=account[order],
        rep=rep[order],
        kind=kind[order],
        day=day[order],
        duration_hours=quarters[order] / 4,
    )

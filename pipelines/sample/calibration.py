"""Two constants a pilot sample fixes: the win intercept and the hours an account asks for."""

from dataclasses import dataclass

import numpy as np

from pipelines.sample.accounts import AccountChunk
from pipelines.sample.deals import WIN_RATE, win_logit
from pipelines.sample.history import History
from pipelines.sample.ownership import Ownership

PILOT_ACCOUNTS = 20_000
# Required hours over the team's effective capacity. Aimed a little low: predecessors are veterans
# and do more in an hour than the owners the log is planned for, which adds about 0.02.
UTILISATION = 0.88


@dataclass(frozen=True)
class Calibration:
    """What every chunk needs to know about the whole company."""

    win_intercept: float
    hours_per_attention: float


def calibrate(
    rng: np.random.Generator,
    pilot: AccountChunk,
    ownership: Ownership,
    history: History,
    accounts: int,
) -> Calibration:
    """Solve for a mean win rate of 25 % and for hours that fill 90 % of the team's.

    Args:
        pilot: accounts drawn like those of the company, but apart from them.
        accounts: accounts the company will have.
    """
    indices = np.arange(len(pilot))
    rep = pilot.rep_on(indices, history.draw_working_days(rng, len(pilot)), ownership)
    effects = win_logit(pilot, indices, rep, ownership)
    lowest, highest = -8.0, 8.0
    for _ in range(60):
        middle = (lowest + highest) / 2
        chance = 1 / (1 + np.exp(-(middle + effects)))
        too_low = np.average(chance, weights=pilot.deals_per_year) < WIN_RATE
        lowest, highest = (middle, highest) if too_low else (lowest, middle)
    required = UTILISATION * ownership.team.effective_hours.sum()
    return Calibration(
        win_intercept=(lowest + highest) / 2,
        hours_per_attention=required / (accounts * pilot.attention.mean()),
    )

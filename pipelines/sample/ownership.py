"""Who owns which account today: near reps mostly, with the flaws of a grown book."""

from dataclasses import dataclass

import numpy as np

from pipelines.sample.places import Places, distance_km
from pipelines.sample.team import Team

UNOWNED_SHARE = 0.05
FORMER_OWNER_SHARE = 0.035
# Accounts that stayed with whoever once won them, wherever that rep lives.
LEGACY_OWNER_SHARE = 0.04
UNOWNED = -1

# Kilometres beyond the nearest rep at which ownership is e times less likely.
REACH_KM = 150.0
FARTHEST_ODDS = 1e-4
BALANCING_ROUNDS = 60


@dataclass(frozen=True)
class Ownership:
    """Ownership odds by county.

    Attributes:
        stacked: for the owners of today, county number plus cumulative odds over the reps; flat
            and ascending, `reps` entries a county.
        stacked_veterans: the same for reps who were there before the history begins.
    """

    team: Team
    stacked: np.ndarray
    stacked_veterans: np.ndarray

    def _pick(
        self, rng: np.random.Generator, stacked: np.ndarray, county: np.ndarray
    ) -> np.ndarray:
        reps = len(self.team.rep_ids)
        found = np.searchsorted(stacked, county + rng.random(len(county)), side="right")
        return (found - county * reps).clip(0, reps - 1)

    def draw_veterans(self, rng: np.random.Generator, county: np.ndarray) -> np.ndarray:
        """A rep near each county who could have worked it at any time of the history."""
        return self._pick(rng, self.stacked_veterans, county)

    def draw_owners(
        self, rng: np.random.Generator, county: np.ndarray, parent: np.ndarray
    ) -> np.ndarray:
        """Rep number of today's owner of each account, or `UNOWNED`.

        Args:
            county: county number, shape (accounts,).
            parent: index of the parent account, −1 for none. Seven in ten children share the
                owner of their parent; the others show why families get split.
        """
        team, count = self.team, len(county)
        owner = self._pick(rng, self.stacked, county)
        flaw = rng.random(count)
        legacy = rng.choice(len(team.rep_ids), count, p=team.book_share)
        owner = np.where(flaw > 1 - LEGACY_OWNER_SHARE, legacy, owner)
        follows = (parent >= 0) & (rng.random(count) < 0.7)
        owner = np.where(follows, owner[np.maximum(parent, 0)], owner)
        formers = np.flatnonzero(team.is_former)
        if formers.size:
            left_behind = rng.choice(formers, count)
            owner = np.where(flaw < UNOWNED_SHARE + FORMER_OWNER_SHARE, left_behind, owner)
        return np.where(flaw < UNOWNED_SHARE, UNOWNED, owner)


def build_ownership(team: Team, places: Places, history_start: np.datetime64) -> Ownership:
    """Odds that fall with distance, scaled so that every rep's expected book is as planned."""
    demand = places.account_share
    distance = distance_km(
        places.counties["latitude"].to_numpy()[:, None],
        places.counties["longitude"].to_numpy()[:, None],
        team.latitude[None, :],
        team.longitude[None, :],
    )
    owns = team.book_share > 0
    nearest = distance[:, owns].min(axis=1, keepdims=True)
    odds = np.exp(-np.maximum(distance - nearest, 0) / REACH_KM) + FARTHEST_ODDS
    scale = np.where(owns, 1.0, 0.0)
    for _ in range(BALANCING_ROUNDS):
        chance = odds * scale
        chance /= chance.sum(axis=1, keepdims=True)
        expected = demand @ chance
        scale[owns] *= (team.book_share[owns] / expected[owns]) ** 0.7
    # Half a year before the history begins, so that deals won early were theirs from the start.
    veterans = owns & (team.hired <= history_start - np.timedelta64(200, "D"))
    if not veterans.any():
        veterans = owns
    return Ownership(team, _stack(odds * scale), _stack(odds * scale * veterans))


def _stack(chance: np.ndarray) -> np.ndarray:
    cumulative = np.cumsum(chance, axis=1)
    cumulative /= cumulative[:, -1:]
    return (cumulative + np.arange(len(cumulative))[:, None]).ravel()

"""Groups of reps (managers, regions) and their bands, from the tables and the policy alone.

A group should hold the sum of what its reps should hold. Giants, as the reps' own bands name them,
count toward lower sides only.
"""

from dataclasses import dataclass

import numpy as np

from optimization.audit.goals import Goal
from optimization.audit.ledger import Floats, Ints, Ledger
from optimization.policy import LevelBand


@dataclass(frozen=True)
class LevelGoal:
    """One group of reps and one metric."""

    level: str
    member: str
    band: LevelBand
    measure: str
    goal: Goal
    reps: Ints  # the members
    target: float
    scale: float  # one unit of relative deviation

    @property
    def name(self) -> str:
        return f"{self.level}/{self.member}/{self.band.metric}"

    def limit(self, side: int, tolerance_pct: float) -> float:
        """The limit at a tolerance; side: -1 lower, 1 upper."""
        return (1 + side * tolerance_pct / 100) * self.target

    def loads(self, owner: Ints, reps: int) -> tuple[float, float]:
        """Whole load and load without giants; owner: (n), J for nobody."""
        whole: Floats = self.goal.loads(owner, reps)
        ordinary: Floats = self.goal.ordinary_loads(owner, reps)
        return float(whole[self.reps].sum()), float(ordinary[self.reps].sum())

    def deviation_usd(self, owner: Ints, reps: int) -> float:
        """USD for what lies outside the inner band."""
        inner = self.band.soft_tolerance_pct
        if inner is None:
            return 0.0
        whole, ordinary = self.loads(owner, reps)
        over = max(ordinary - self.limit(1, inner), 0.0)
        under = max(self.limit(-1, inner) - whole, 0.0)
        return self.band.soft_price_usd_per_pct * 100 * (over + under) / self.scale


def read_level_goals(ledger: Ledger, goals: list[Goal]) -> list[LevelGoal]:
    """Every group and metric of the policy's levels."""
    by_name = {goal.name: goal for goal in goals}
    named = {band.name: band.metric for band in ledger.policy.metrics}
    level_goals = []
    for level in ledger.policy.levels:
        values = ledger.reps[level.by].fill_null("").to_numpy()
        for band in level.metrics:
            goal = by_name[band.metric]
            for member in sorted(set(values.tolist()) - {""}):
                reps = np.flatnonzero(values == member)
                target = float(goal.target[reps].sum())
                level_goals.append(
                    LevelGoal(
                        level=level.by,
                        member=member,
                        band=band,
                        measure=named.get(band.metric, band.metric),
                        goal=goal,
                        reps=reps,
                        target=target,
                        scale=target if target > 0 else float(goal.scale[reps].sum()),
                    )
                )
    return level_goals

"""Targets and bands of groups of reps: what a manager's team or a region should hold together.

    T_gk = sum of T_jk over the reps of group g,    (1 -+ tolerance) * T_gk its hard band

A group holds what its reps hold; what a giant is, and that it counts toward lower sides only, is
decided by the reps' own bands. Reps without a value of the level's column are in no group.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from optimization.book.tables import Floats, Ints, RepArrays
from optimization.book.targets import Targets
from optimization.finding import Finding
from optimization.policy import LEVEL_PREFIX, LevelBand, Policy

# How people call the groups of a column.
WORDS = {"manager_id": "manager", "experience_level": "experience level"}


@dataclass(frozen=True)
class Level:
    """One metric of one level: G groups in the order of their names."""

    by: str
    band: LevelBand
    metric: int  # place among the targets
    groups: tuple[str, ...]  # (G)
    labels: tuple[str, ...]  # (G) what people call them, such as `manager Ana Ruiz`
    of_rep: Ints  # (J) group, -1 without
    first: Ints  # (G) first rep of each group
    target: Floats  # (G)
    scale: Floats  # (G) above 0: one unit of relative deviation

    @property
    def resource(self) -> str:
        """Its name among the resources of the problem."""
        return f"{LEVEL_PREFIX}{self.by}:{self.band.metric}"

    def limit(self, side: int, tolerance_pct: float) -> Floats:
        """(G) limits at a tolerance; side: -1 lower, 1 upper."""
        return (1 + side * tolerance_pct / 100) * self.target

    def name(self, group: int) -> str:
        """The group's limit among those of the plan, such as `manager_id/M01/hours`."""
        return f"{self.by}/{self.groups[group]}/{self.band.metric}"

    def totals(self, by_rep: Floats) -> Floats:
        """(G) sums over the reps of each group; by_rep: (J)."""
        held = self.of_rep >= 0
        count = len(self.groups)
        return np.bincount(self.of_rep[held], by_rep[held], count).astype(np.float64)


def build_levels(
    reps: RepArrays, targets: Targets, policy: Policy
) -> tuple[tuple[Level, ...], list[Finding]]:
    """Every metric of every level of the policy, and findings about levels that balance nothing."""
    levels, findings = [], []
    for level in policy.levels:
        text = reps.text[level.by]
        groups = sorted(set(text.to_list()) - {""})
        place = {name: number for number, name in enumerate(groups)}
        of_rep = np.array([place.get(name, -1) for name in text.to_list()], dtype=np.int64)
        first = np.array([int((of_rep == g).argmax()) for g in range(len(groups))], dtype=np.int64)
        labels = _labels(reps, level.by, groups)
        outside = int((of_rep < 0).sum())
        if outside or len(groups) < 2:
            what = f"{outside} of {len(reps)} reps have no {level.by}" if outside else "one group"
            findings.append(
                Finding(
                    "warning" if outside else "info",
                    "level_without_groups",
                    level.by,
                    outside,
                    f"policy levels {level.by}: {what}; {len(groups)} group(s) are balanced",
                )
            )
        for band in level.metrics:
            k = targets.names.index(band.metric)
            target = np.array([targets.target[of_rep == g, k].sum() for g in range(len(groups))])
            scale = np.array([targets.scale[of_rep == g, k].sum() for g in range(len(groups))])
            levels.append(
                Level(
                    by=level.by,
                    band=band,
                    metric=k,
                    groups=tuple(groups),
                    labels=labels,
                    of_rep=of_rep,
                    first=first,
                    target=target,
                    scale=np.where(target > 0, target, scale),
                )
            )
    return tuple(levels), findings


def _labels(reps: RepArrays, by: str, groups: list[str]) -> tuple[str, ...]:
    """What people call the groups; a manager by name, with the id where two share it."""
    called = dict(zip(groups, groups, strict=True))
    if by == "manager_id":
        names = zip(reps.text[by], reps.text["manager_name"], strict=True)
        called |= {manager: name for manager, name in sorted(names) if manager and name}
    times = Counter(called.values())
    return tuple(
        f"{WORDS.get(by, by)} {name}" + (f" ({group})" if times[name] > 1 else "")
        for group, name in called.items()
    )

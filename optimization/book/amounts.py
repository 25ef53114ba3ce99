"""How limits, amounts and groups of reps are called in sentences."""

from dataclasses import dataclass

import numpy as np

from optimization.book.planning import Planning
from optimization.book.tables import Floats, Ints, RepArrays
from optimization.policy import LEVEL_PREFIX, LIMIT_PREFIX

# Reps named in one sentence before the rest is counted.
NAMED_REPS = 4
UNIT_OF_METRIC = {"hours": "hours", "potential": "USD", "sales": "USD", "account_count": "accounts"}


@dataclass(frozen=True)
class ResourceWords:
    """A resource of the problem in the words of the policy."""

    title: str  # of the limit: "metric hours", "account limit 'key accounts'"
    short: str  # of what is limited: "hours", "accounts of limit 'key accounts'"
    unit: str  # hours | USD | accounts
    whole: str  # what a scaled load of 1 is: "target", "capacity", "limit"
    scale: Floats  # (J) amounts of that unit

    def amount(self, value: float) -> str:
        return amount_in_words(value, self.unit)


def resource_in_words(planning: Planning, name: str) -> ResourceWords:
    """The words for one of `planning.problem.resources`."""
    inputs, reps = planning.pairs.inputs, len(planning.reps)
    if name == "clock_hours":
        return ResourceWords(
            "overtime ceiling", "clock hours", "hours", "capacity", inputs.capacity_hours
        )
    if name == "travel_hours":
        scale = np.full(reps, inputs.travel_scale)
        return ResourceWords("travel limit", "travel hours", "hours", "limit", scale)
    place = planning.problem.resources.index(name)
    scale = inputs.scale[:, int(np.flatnonzero(inputs.separable_resource == place)[0])]
    if name.startswith(LIMIT_PREFIX):
        title = f"account limit '{name.removeprefix(LIMIT_PREFIX)}'"
        return ResourceWords(title, f"accounts of {title}", "accounts", "limit", scale)
    if name.startswith(LEVEL_PREFIX):
        name = name.removeprefix(LEVEL_PREFIX).partition(":")[2]
    unit = UNIT_OF_METRIC[planning.targets.measures[planning.targets.names.index(name)]]
    return ResourceWords(f"metric {name}", name, unit, "target", scale)


def holder_in_words(planning: Planning, name: str, rep: int) -> str:
    """Who is under a limit of a resource: the rep, or the rep's group such as `manager M01`."""
    for level in planning.levels:
        if level.resource == name and level.of_rep[rep] >= 0:
            return level.labels[level.of_rep[rep]]
    return planning.reps.labels[rep]


def amount_in_words(value: float, unit: str) -> str:
    """Such as `1,234 hours` or `USD 56,000`; small amounts with two significant digits."""
    size = abs(value)
    number = f"{value:,.0f}" if size >= 100 or value == round(value) else f"{value:,.2f}"
    if 0 < size < 0.01:
        number = f"{value:.2g}"
    return f"USD {number}" if unit == "USD" else f"{number} {unit}"


def reps_in_words(reps: RepArrays, chosen: Ints) -> str:
    """Names of some reps: `Ann Lee, Bob Ray and 3 more`; `all 7 reps` where it is everybody."""
    if chosen.size == len(reps) > 2:
        return f"all {len(reps)} reps"
    names = [reps.labels[j] for j in chosen[:NAMED_REPS].tolist()]
    more = chosen.size - len(names)
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)

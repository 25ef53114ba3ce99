"""The rules a plan is checked against, and how breaches are collected."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

VERIFIED_RULES: dict[str, str] = {
    "one_owner": "every account has one owner, a rep of the plan; nobody only where a tier may",
    "family_together": "all accounts of a family have the same owner",
    "keep_together": "accounts of a keep-together set have the same owner",
    "separate": "no two accounts of a must-separate set have the same owner",
    "lock": "locked accounts stay with their incumbent",
    "assign": "manual assignments are followed",
    "forbid": "no account has a rep it is forbidden to",
    "eligibility": "every owner is allowed by the eligibility rules, or held there by a person",
    "max_distance": "no new owner lives beyond the maximum distance",
    "account_limit": "account limits are kept, or their breach is published",
    "move_budget": "move budgets are kept, or their breach is published",
    "travel_limit": "travel hours stay within their limit, or the breach is published",
    "overtime_ceiling": "clock hours stay below their ceiling, or the breach is published",
    "account_values": "the figures of each account are what its tables and its owner give",
    "move_flags": "moved, forced, new, locked, unassigned are what incumbent and owner say",
    "target": "targets and limits follow from loads, weights and tolerances",
    "band": "every load is inside its hard band, widened by exactly the published relaxation",
    "level_band": "every group of a level is inside its hard band, or its breach is published",
    "objective": "the parts of the cost are what the assignment gives, and sum to the objective",
    "current_objective": "the cost of today's ownership is what its accounts give",
    "gap": "bound, regret and gap agree, and the bound does not exceed the objective",
    "expected_value": "the value before and after is the sum over the accounts",
    "runner_up": "the runner-up is another allowed rep and its delta is at least 0",
    "binding": "used, limit and slack of the binding limits are what the assignment gives",
}

# A plan that is wrong throughout breaks a rule at every account: the first ones tell the story.
LISTED_PER_RULE = 1_000


@dataclass(frozen=True)
class Violation:
    """One broken rule."""

    rule: str
    record_id: str
    expected: str
    observed: str
    message: str


@dataclass
class Breaches:
    """Violations in the order they were found, at most `LISTED_PER_RULE` of each rule."""

    found: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, record: str, expected: Any, observed: Any, what: str) -> None:
        """Note one breach: `what` is the thing that should be `expected`."""
        self.counts[rule] += 1
        if self.counts[rule] <= LISTED_PER_RULE:
            message = f"{rule}: {record}: {what}: expected {expected}, found {observed}"
            self.found.append(Violation(rule, record, str(expected), str(observed), message))

    def add_all(
        self,
        rule: str,
        records: Sequence[str],
        expected: Sequence[Any],
        observed: Sequence[Any],
        what: str,
    ) -> None:
        """Note one breach for each record."""
        for record, right, wrong in zip(records, expected, observed, strict=True):
            self.add(rule, record, right, wrong, what)

    def listed(self) -> list[Violation]:
        """All of them; where some were left out, one more says how many."""
        rest = [
            Violation(
                rule,
                "plan",
                "0",
                str(count),
                f"{rule}: plan: {count} breaches in all, the first {LISTED_PER_RULE} are listed",
            )
            for rule, count in self.counts.items()
            if count > LISTED_PER_RULE
        ]
        return [*self.found, *rest]

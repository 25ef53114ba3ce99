"""What people (and runs) do with plans, one act each, and which acts a plan's state allows."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Self

Verb = Literal[
    "record",
    "propose",
    "approve",
    "withdraw",
    "make_effective",
    "remove",
    "judge",
    "push",
    "roll_back",
]
State = Literal["draft", "proposed", "approved", "effective", "superseded"]

# Acts that leave the state of a plan as it is.
NOTES: frozenset[Verb] = frozenset({"judge", "push", "roll_back"})
# From which states an act may start, and what to do in each of the others.
ALLOWED: dict[str, tuple[State, ...]] = {
    "propose": ("draft",),
    "approve": ("proposed",),
    "withdraw": ("proposed", "approved", "effective"),
    "make_effective": ("approved",),
}
AFTER: dict[str, State] = {
    "propose": "proposed",
    "approve": "approved",
    "withdraw": "draft",
    "make_effective": "effective",
}
PAST: dict[str, str] = {
    "propose": "proposed",
    "approve": "approved",
    "withdraw": "withdrawn",
    "make_effective": "made effective",
}
NEXT_STEP: dict[str, str] = {
    "draft": "propose it first",
    "proposed": "approve it first",
    "approved": "it is approved already: make it effective, or withdraw it",
    "effective": "another plan takes its place by becoming effective on a later date",
    "superseded": "its time is over; run and propose a new plan",
}


@dataclass(frozen=True)
class Act:
    """One line of the log of acts.

    Attributes:
        at: moment of the act in UTC. The log is the only place that knows it; no result does.
        state: of the plan after the act.
        effective_date: first day of the plan; only of `make_effective`.
        details: such as the digest of the assignment that was recorded.
    """

    verb: Verb
    plan_id: str
    by: str
    why: str
    at: datetime
    state: State
    effective_date: date | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """The act as JSON holds it."""
        return asdict(self) | {
            "at": self.at.isoformat(timespec="seconds"),
            "effective_date": self.effective_date and self.effective_date.isoformat(),
        }

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """The act that `content` describes; raises KeyError, TypeError or ValueError."""
        day = content["effective_date"]
        return cls(
            verb=content["verb"],
            plan_id=content["plan_id"],
            by=content["by"],
            why=content["why"],
            at=datetime.fromisoformat(content["at"]),
            state=content["state"],
            effective_date=None if day is None else date.fromisoformat(day),
            details=dict(content["details"]),
        )

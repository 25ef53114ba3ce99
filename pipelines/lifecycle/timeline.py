"""States and effective dates, worked out from the log of acts alone.

The periods of effective plans follow each other without gap or overlap: a plan holds from its
effective date until the day before the next one's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.errors import GateError
from pipelines.lifecycle.acts import AFTER, ALLOWED, NEXT_STEP, PAST, Act, State, Verb


@dataclass(frozen=True)
class Period:
    """When a plan holds: from its first day to its last, both included; None: until further."""

    plan_id: str
    valid_from_date: date
    valid_to_date: date | None
    details: tuple[tuple[str, object], ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether `day` lies in the period."""
        return self.valid_from_date <= day and (
            self.valid_to_date is None or day <= self.valid_to_date
        )


def periods(acts: Sequence[Act]) -> list[Period]:
    """The periods of the plans that are or were effective, in order of time."""
    starts: dict[str, Act] = {}
    for act in acts:
        if act.verb == "make_effective":
            starts[act.plan_id] = act
        elif act.verb == "withdraw":
            starts.pop(act.plan_id, None)
    ordered = sorted(starts.values(), key=_start)
    ends = [*(_start(act) - timedelta(days=1) for act in ordered[1:]), None]
    return [
        Period(act.plan_id, _start(act), end, tuple(sorted(act.details.items())))
        for act, end in zip(ordered, ends, strict=False)
    ]


def _start(act: Act) -> date:
    assert act.effective_date is not None
    return act.effective_date


def chosen_on(acts: Sequence[Act], day: date) -> Period | None:
    """The period that `day` lies in; None before the first effective plan."""
    return next((period for period in periods(acts) if period.holds_on(day)), None)


def state_of(acts: Sequence[Act], plan_id: str, day: date) -> State:
    """The state of a plan after `acts` on `day`; one that no act names is a draft.

    An effective plan is superseded from the first day of the one that takes its place.
    """
    state: State = "draft"
    for act in acts:
        if act.plan_id == plan_id:
            state = act.state
    if state == "effective":
        period = next(p for p in periods(acts) if p.plan_id == plan_id)
        is_over = period.valid_to_date is not None and period.valid_to_date < day
        return "superseded" if is_over else "effective"
    return state


def checked(
    acts: Sequence[Act], verb: Verb, plan_id: str, effective_date: date | None, today: date
) -> State:
    """The state after the act, if it may be done.

    Raises:
        GateError: it may not, and one sentence says why and what to do instead.
    """
    state = state_of(acts, plan_id, today)
    if state not in ALLOWED[verb]:
        raise GateError(f"{plan_id} is {state} and cannot be {PAST[verb]}: {NEXT_STEP[state]}")
    if verb == "withdraw" and state == "effective":
        (period,) = [p for p in periods(acts) if p.plan_id == plan_id]
        if period.valid_from_date <= today:
            raise GateError(
                f"{plan_id} has been effective since {period.valid_from_date} and cannot be "
                f"withdrawn: {NEXT_STEP['effective']}"
            )
    if verb == "make_effective":
        if effective_date is None:
            raise GateError(f"{plan_id} needs the date from which it is effective")
        known = periods(acts)
        if known and effective_date <= known[-1].valid_from_date:
            raise GateError(
                f"{plan_id} cannot become effective on {effective_date}: {known[-1].plan_id} is "
                f"effective from {known[-1].valid_from_date}; choose a later date"
            )
    return AFTER[verb]

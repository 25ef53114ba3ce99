"""What a run studies beside its plan, where asked: the frontier, and the team larger or smaller."""

from typing import Annotated

from pydantic import Field

from optimization.policy.fields import Name, NonNegative, Positive, Settings

Seats = Annotated[int, Field(ge=0, le=20)]


class FrontierPolicy(Settings):
    """Publishing what tighter bands and fewer moves cost. Changes no plan."""

    points: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None,
        description="Plans wanted in kpi_frontier, none dominated. None: no frontier, no time.",
    )


class NewSeatPolicy(Settings):
    """Who is hired for a new seat or in place of a leaver, until somebody is."""

    capacity_hours: Positive | None = Field(
        default=None, description="Selling hours a year. None: the median of the team."
    )
    experience_multiplier: Positive | None = Field(
        default=None, description="1: a junior. None: the median of the team."
    )
    skill_industries: list[Name] | None = Field(
        default=None,
        description="Industries the seat knows. None: those of the rep based nearest to a new "
        "seat, or of the leaver.",
    )


class HeadcountPolicy(Settings):
    """Plans for a larger or smaller team, and for reps who may leave. Changes no plan."""

    fewer_seats: Seats = Field(
        default=0, description="Most seats given up, one after the other; each team is planned."
    )
    more_seats: Seats = Field(
        default=0, description="Most seats added, one after the other; each team is planned."
    )
    leavers: list[Name] = Field(
        default_factory=list,
        description="rep_ids: for each of them backfill, vacant seat and redistribution.",
    )
    candidates: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3,
        description="Seats to give up, and bases for a new one, that are planned at each step; "
        "the best is kept. As many as there are reps: every seat is tried.",
    )
    seat_cost_usd: NonNegative | None = Field(
        default=None,
        description="USD a year that a seat costs in all. None: values of seats are before that.",
    )
    new_seat: NewSeatPolicy = Field(default_factory=NewSeatPolicy)

    @property
    def is_asked_for(self) -> bool:
        """Whether there is anything to study."""
        return bool(self.fewer_seats or self.more_seats or self.leavers)

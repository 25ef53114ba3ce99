"""How a plan takes hold: who finishes open deals, which objections of reps are accepted.

Changes no plan.
"""

from typing import Annotated

from pydantic import Field

from optimization.policy.fields import NonNegative, Settings


class TransitionPolicy(Settings):
    """The way from today's owners to those of the plan. Changes no plan."""

    holdout_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=90,
        description="Days from the plan's first one that open deals of a moved account stay with "
        "its old owner. 0: none.",
    )
    accept_challenges_below_usd: NonNegative = Field(
        default=500.0,
        description="A rep's challenge that breaks no limit is accepted up to this cost, USD a "
        "year; above it, its price is stated.",
    )

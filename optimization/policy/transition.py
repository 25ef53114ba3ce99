"""How a plan takes hold. Changes no plan; the table of holdouts is made by it."""

from typing import Annotated

from pydantic import Field

from optimization.policy.fields import Settings


class TransitionPolicy(Settings):
    """The way from today's owners to those of the plan. Changes no plan."""

    holdout_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=90,
        description="Days from the plan's first one that open deals of a moved account stay with "
        "its old owner. 0: none.",
    )

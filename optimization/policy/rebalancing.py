"""How a chosen plan is kept true: what counts as few moves, and from when drift is acted upon."""

from typing import Annotated

from pydantic import Field

from optimization.policy.balance import BudgetMeasure
from optimization.policy.fields import NonNegative, Settings

Points = Annotated[float, Field(ge=0.0, le=1_000.0)]


class DriftPolicy(Settings):
    """From when on drift of the chosen plan asks for a rebalancing. None: never for that reason."""

    band_excess_pct: Points | None = Field(
        default=0.0,
        description="Any rep's load of any metric beyond its hard band by more than so many % of "
        "the target (hours, potential and every other metric of the policy).",
    )
    level_excess_pct: Points | None = Field(
        default=0.0,
        description="Any group of `levels` (manager, region, …) beyond a hard band of its by more "
        "than so many % of the group's target.",
    )
    penetration_change_pct: Points | None = Field(
        default=20.0,
        description="Market penetration of any territory changed by more than so many % of what "
        "it was when the plan was made.",
    )
    accounts_without_owner: Annotated[int, Field(ge=0)] | None = Field(
        default=0, description="More than so many accounts that no rep owns and that need one."
    )
    leavers: Annotated[int, Field(ge=0)] | None = Field(
        default=0, description="More than so many reps of the chosen plan who are gone."
    )


class RebalancingPolicy(Settings):
    """Restoring the bands of a chosen plan with few moves."""

    measure: BudgetMeasure = Field(
        default="accounts",
        description="What few moves means: fewest accounts, least sales (USD of the last 12 "
        "months) or least tenure (months) that leave an active owner.",
    )
    move_price_usd: NonNegative | None = Field(
        default=None,
        description="USD that one account, one USD of sales or one month of tenure moved counts, "
        "beside the cost of the plan: the cheapest sum is proposed. None: the fewest moves, "
        "whatever they cost.",
    )
    drift: DriftPolicy = Field(default_factory=DriftPolicy)

"""Balance above territories: the bands of managers, regions and other groups of reps."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimization.policy.fields import NonNegative, Settings

LevelColumn = Literal["manager_id", "region", "country", "experience_level"]


class LevelBand(Settings):
    """The band that one metric of every group must stay in, around the sum of its reps' targets."""

    metric: str = Field(
        description="Name of a metric of `metrics`, or a measure that none of them uses: hours, "
        "potential, sales, account_count."
    )
    tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] = Field(
        default=2.0, description="Hard band: % of the group's target either way."
    )
    soft_tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] | None = Field(
        default=None,
        description="Inner band: deviations beyond it are priced. None: no such band.",
    )
    soft_price_usd_per_pct: NonNegative = Field(
        default=0.0,
        description="USD per percentage point of the group's target beyond the inner band.",
    )

    @model_validator(mode="after")
    def _inner_band_lies_inside(self) -> "LevelBand":
        if self.soft_tolerance_pct is not None and self.soft_tolerance_pct > self.tolerance_pct:
            raise ValueError("soft_tolerance_pct must not exceed tolerance_pct")
        return self


class LevelPolicy(Settings):
    """Balance between groups of reps; `metrics` balances the reps within them."""

    by: LevelColumn = Field(
        description="Column of the reps table; reps of one value are a group. Reps without a value "
        "are in no group."
    )
    metrics: list[LevelBand] = Field(min_length=1, description="The bands of every group.")

    @property
    def name(self) -> str:
        """What names must be unique by: one block a column."""
        return self.by

    @model_validator(mode="after")
    def _one_band_a_metric(self) -> "LevelPolicy":
        names = [band.metric for band in self.metrics]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"metrics lists {name} more than once")
        return self

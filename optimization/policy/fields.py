"""What all blocks of a policy are made of: the base model, ranges of numbers, names of columns."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

AccountColumn = Literal["account_id", "segment", "industry", "country", "state"]
RepColumn = Literal["rep_id", "manager_id", "region", "country", "experience_level"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, le=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
Values = Annotated[list[str], Field(min_length=1)]


class Settings(BaseModel):
    """Base of every block: unknown keys are errors, values cannot change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def account_filter() -> dict[AccountColumn, Values]:
    """The field of a rule that says which accounts it concerns."""
    filter_field: dict[AccountColumn, Values] = Field(
        default_factory=dict,
        description="Column: accepted values; all must match. Empty: all.",
    )
    return filter_field


def rep_filter() -> dict[RepColumn, Values]:
    """The field of a rule that says which reps it concerns."""
    filter_field: dict[RepColumn, Values] = Field(
        default_factory=dict,
        description="Column: accepted values; all must match. Empty: all.",
    )
    return filter_field

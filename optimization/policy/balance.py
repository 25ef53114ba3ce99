"""What every territory should hold, and how much may move: bands, account limits, budgets."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from optimization.policy.fields import (
    AccountColumn,
    Name,
    NonNegative,
    RepColumn,
    Settings,
    Values,
    account_filter,
    rep_filter,
)

MetricName = Literal["hours", "potential", "sales", "account_count"]
METRICS: tuple[str, ...] = get_args(MetricName)
TargetSplit = Literal["capacity", "headcount", "equal"]
BudgetMeasure = Literal["accounts", "sales", "tenure_months"]

# Names of the other limits of a rep; a metric of the same name could not be told from them.
RESERVED_NAMES = ("clock_hours", "travel_hours")
LIMIT_PREFIX = "limit:"
LEVEL_PREFIX = "level:"


class MetricBand(Settings):
    """The band that one metric of every territory must stay in, around its target."""

    name: str = Field(
        default="",
        max_length=60,
        description="Shown wherever the metric is reported; unique. Default: the measure. "
        "A tier (a metric of some accounts only) needs a name of its own.",
    )
    metric: MetricName = Field(
        description="What is measured. hours: service hours a year; potential: USD a year; "
        "sales: USD of the last 12 months; account_count: accounts."
    )
    accounts: dict[AccountColumn, Values] = account_filter()
    targets: TargetSplit = Field(
        default="capacity",
        description="How the total is split into targets. capacity: by effective capacity; "
        "headcount: by FTE x ramp; equal: the same for every rep. Default: capacity, and "
        "headcount for account_count.",
    )
    fixed_targets: dict[str, NonNegative] = Field(
        default_factory=dict,
        description="rep_id: target in units of the metric. The other reps share the rest.",
    )
    tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] = Field(
        default=5.0, description="Hard band: % of the target either way."
    )
    soft_tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] | None = Field(
        default=None,
        description="Inner band: deviations beyond it are priced. None: no such band.",
    )
    soft_price_usd_per_pct: NonNegative = Field(
        default=0.0,
        description="USD per percentage point of target beyond the inner band.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults_that_depend_on_the_measure(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("metric"), str):
            return given
        split = "headcount" if given["metric"] == "account_count" else "capacity"
        return {"name": given["metric"], "targets": split} | given

    @model_validator(mode="after")
    def _name_tells_what_is_measured(self) -> "MetricBand":
        if not self.name:
            raise ValueError("name must not be empty; leave it out to use the measure's name")
        if self.accounts and self.name in METRICS:
            raise ValueError(
                f"a metric of some accounts only needs a name of its own, not {self.name}"
            )
        if self.name in METRICS and self.name != self.metric:
            raise ValueError(f"name {self.name} is that of another measure; choose a new one")
        if self.name in RESERVED_NAMES or self.name.startswith((LIMIT_PREFIX, LEVEL_PREFIX)):
            raise ValueError(f"name {self.name} is reserved; choose another one")
        return self

    @model_validator(mode="after")
    def _inner_band_lies_inside(self) -> "MetricBand":
        if self.soft_tolerance_pct is not None and self.soft_tolerance_pct > self.tolerance_pct:
            raise ValueError("soft_tolerance_pct must not exceed tolerance_pct")
        return self


class AccountLimit(Settings):
    """Hard limits of how many accounts of a kind some reps own."""

    name: Name = Field(description="Shown where the limit binds; unique.")
    accounts: dict[AccountColumn, Values] = account_filter()
    reps: dict[RepColumn, Values] = rep_filter()
    minimum: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        default=None, description="Fewest such accounts each of the reps owns. None: no limit."
    )
    maximum: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        default=None, description="Most such accounts each of the reps owns. None: no limit."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "AccountLimit":
        if self.minimum is None and self.maximum is None:
            raise ValueError("give minimum, maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum must not exceed maximum")
        return self


class MoveBudget(Settings):
    """Hard limit of what changes its owner, of all that has an active incumbent."""

    measure: BudgetMeasure = Field(
        description="accounts: their number; sales: USD of the last 12 months; "
        "tenure_months: months with the incumbent (unknown counts 0)."
    )
    limit_pct: Annotated[float, Field(ge=0.0, le=100.0)] | None = Field(
        default=None, description="% of the whole that may change its owner."
    )
    limit: NonNegative | None = Field(
        default=None, description="The same as an amount: accounts, USD or months."
    )

    @model_validator(mode="after")
    def _has_one_limit(self) -> "MoveBudget":
        if (self.limit_pct is None) == (self.limit is None):
            raise ValueError("give either limit_pct or limit")
        return self


class UnassignedTier(Settings):
    """Accounts that may stay without owner, at a price; all others must be assigned."""

    name: Name = Field(description="Shown as the reason where an account stays unassigned.")
    accounts: dict[AccountColumn, Values] = account_filter()
    price_usd: NonNegative = Field(
        description="USD a year for each account that stays without owner. The first tier that "
        "matches an account counts."
    )

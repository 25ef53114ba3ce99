"""Overlay roles: a second role, such as sales engineers, that covers the same accounts."""

from math import ceil
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimization.policy.balance import TargetSplit
from optimization.policy.fields import (
    AccountColumn,
    Name,
    NonNegative,
    Positive,
    Settings,
    Share,
    Values,
    account_filter,
)
from optimization.policy.ownership import EligibilityRule
from optimization.policy.prices import DisruptionPolicy

OverlayMetric = Literal["hours", "potential", "sales", "account_count", "primary_reps"]


class OverlayBand(Settings):
    """The band that one metric of every overlay rep must stay in, around its target."""

    metric: OverlayMetric = Field(
        description="hours: the role's own hours a year; primary_reps: territories paired with the "
        "rep (unit pod only); potential, sales, account_count: of the accounts covered."
    )
    targets: TargetSplit | None = Field(
        default=None,
        description="How the total is split into targets. None: headcount for counts, else "
        "capacity.",
    )
    tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] = Field(
        default=10.0, description="Hard band: % of the target either way."
    )
    soft_tolerance_pct: Annotated[float, Field(ge=0.0, lt=100.0)] | None = Field(
        default=None, description="Inner band: deviations beyond it are priced. None: no such band."
    )
    soft_price_usd_per_pct: NonNegative = Field(
        default=0.0, description="USD per percentage point of target beyond the inner band."
    )

    @model_validator(mode="after")
    def _inner_band_lies_inside(self) -> "OverlayBand":
        if self.soft_tolerance_pct is not None and self.soft_tolerance_pct > self.tolerance_pct:
            raise ValueError("soft_tolerance_pct must not exceed tolerance_pct")
        return self


class CoverageRatio(Settings):
    """How much one full-time overlay rep covers; give one of the three.

    Of primary reps (unit pod) and of accounts it is also the most any rep covers, part-timers in
    proportion, rounded up.
    """

    primary_reps_per_seat: Positive | None = Field(
        default=None, description="Primary reps to one overlay rep; 3: one to three."
    )
    accounts_per_seat: Positive | None = Field(
        default=None, description="Accounts to one overlay rep."
    )
    hours_per_seat: Positive | None = Field(
        default=None, description="Hours of the role's work a year to one overlay rep."
    )

    @model_validator(mode="after")
    def _has_one_ratio(self) -> "CoverageRatio":
        if len([one for one in self.model_dump().values() if one is not None]) != 1:
            raise ValueError(
                "give one of primary_reps_per_seat, accounts_per_seat and hours_per_seat"
            )
        return self

    @property
    def measure(self) -> str:
        """What the ratio counts: primary_reps, accounts or hours."""
        (name,) = self.model_dump(exclude_none=True)
        return str(name).removesuffix("_per_seat")

    @property
    def per_seat(self) -> float:
        """How much of it one full-time rep covers."""
        (amount,) = self.model_dump(exclude_none=True).values()
        return float(amount)

    def seats_for(self, amount: float) -> int:
        """Full-time seats that cover `amount`, at least one where there is anything."""
        # A hair above a whole number is a rounding error of a sum of hours, not another seat.
        return max(ceil(amount / self.per_seat - 1e-9), 1 if amount > 0 else 0)


class OverlaySeats(Settings):
    """Who fills the role."""

    source: Literal["crm", "ratio"] = Field(
        default="crm",
        description="crm: reps of the CRM whose title has the role; ratio: as many seats as the "
        "coverage ratio asks for, based where primary reps are based.",
    )
    titles: list[Name] = Field(
        default_factory=list,
        description="A rep whose title contains one of these fills the role (upper and lower case "
        "alike). Empty: the role's name.",
    )
    capacity_hours: Positive = Field(
        default=1_500.0, description="Hours a year of a seat from the ratio."
    )
    experience_multiplier: Positive = Field(
        default=1.25, description="Of a seat from the ratio; 1: a junior."
    )
    skill_industries: list[Name] = Field(
        default_factory=list, description="Industries that a seat from the ratio knows."
    )


class WorkFactor(Settings):
    """More or less of the role's work for some accounts."""

    accounts: dict[AccountColumn, Values] = account_filter()
    factor: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        description="Multiplies the share of the service hours of these accounts."
    )


class OverlayWork(Settings):
    """The role's own hours: share x service hours x factors + hours per account."""

    share_of_service_hours: Share = Field(
        default=0.25, description="The role's hours to one service hour of the primary rep."
    )
    hours_per_account: NonNegative = Field(
        default=0.0, description="Hours a year that every account takes, whatever its size."
    )
    factors: list[WorkFactor] = Field(
        default_factory=list, description="The first one that matches an account counts."
    )
    share_of_visits: Share = Field(
        default=0.25, description="Visits of the primary rep that the overlay rep joins."
    )


class OverlayPolicy(Settings):
    """A second role over the accounts of the plan. Changes nothing of the plan itself."""

    role: Name = Field(
        max_length=60, description="Name of the role, such as Sales Engineer; unique."
    )
    unit: Literal["pod", "account"] = Field(
        default="pod",
        description="pod: all covered accounts of a primary rep get one overlay rep; account: each "
        "account by itself, families together where the policy keeps them so.",
    )
    accounts: dict[AccountColumn, Values] = account_filter()
    coverage: CoverageRatio = Field(description="The role's coverage ratio.")
    seats: OverlaySeats = Field(default_factory=OverlaySeats)
    work: OverlayWork = Field(default_factory=OverlayWork)
    metrics: list[OverlayBand] = Field(
        default_factory=list,
        description="The bands. Empty: hours within 10 % by accounts; by pods, which are few and "
        "whole, within 50 %, and beyond 5 % priced at USD 100 a point.",
    )
    follow: list[Literal["region", "manager_id", "country"]] = Field(
        default_factory=list,
        description="Columns of the reps that overlay and primary rep share: region keeps the role "
        "inside its region. Where either side is unknown, the pair stays allowed.",
    )
    eligibility: list[EligibilityRule] = Field(
        default_factory=list, description="Who may cover what; a pair must satisfy every rule."
    )
    max_distance_km: Positive | None = Field(
        default=None, description="Farther pairs are not allowed, one way by road. None: no limit."
    )
    disruption: DisruptionPolicy = Field(
        default_factory=lambda: DisruptionPolicy(loss_rate=0.03),
        description="What a change of the overlay rep costs. The default loss rate, 3 % of sales, "
        "is an assumption: a fifth of what a change of the account's owner loses.",
    )
    overtime_usd_per_hour: NonNegative = Field(
        default=90.0, description="USD per clock hour above a rep's capacity."
    )

    @property
    def name(self) -> str:
        """What names must be unique by."""
        return self.role

    @property
    def bands(self) -> list[OverlayBand]:
        """The bands, or those that hold where none are given."""
        if self.metrics:
            return self.metrics
        if self.unit == "account":
            return [OverlayBand(metric="hours")]
        return [
            OverlayBand(
                metric="hours",
                tolerance_pct=50.0,
                soft_tolerance_pct=5.0,
                soft_price_usd_per_pct=100.0,
            )
        ]

    @property
    def titles(self) -> list[str]:
        """What a title has in it, in lower case."""
        return [title.casefold() for title in self.seats.titles or [self.role]]

    @model_validator(mode="after")
    def _fits_its_unit(self) -> "OverlayPolicy":
        names = [band.metric for band in self.metrics]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"metrics lists {name} more than once")
        if self.unit == "account" and "primary_reps" in names:
            raise ValueError(
                "metrics: primary_reps counts pods; with unit account several overlay reps may "
                "serve one primary rep"
            )
        for rule in self.eligibility:
            by_account = set(rule.accounts) - {"account_id"} or "industry_skill" in rule.same
            if self.unit == "pod" and by_account:
                raise ValueError(
                    f"eligibility '{rule.name}' is about single accounts, but a pod is all of a "
                    "primary rep's; set unit: account, or use follow or the filter accounts"
                )
        return self

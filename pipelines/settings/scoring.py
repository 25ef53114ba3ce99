"""The scoring constants: every weight and constant of the scores, one file per project.

The file is nested by section; dbt reads it flat, as `<section>_<setting>` (`Scoring.dbt_vars`).
The formulas that use the constants are in the dbt models named in each section.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.settings.validation import read_settings

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Bounded(_Section):
    """A section whose index is cut at `minimum` and `maximum` before it is divided by its mean."""

    minimum: Positive
    maximum: Positive

    @model_validator(mode="after")
    def _ordered(self) -> "_Bounded":
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        return self


class ComplexitySettings(_Bounded):
    """Complexity score of an account (`int_account__complexity`)."""

    cycle_weight: NonNegative = Field(
        default=0.4, description="Weight of the sales cycle of the segment; share, planning choice."
    )
    size_weight: NonNegative = Field(
        default=0.3, description="Weight of client size; share, planning choice."
    )
    offering_weight: NonNegative = Field(
        default=0.3, description="Weight of the product offering; share, planning choice."
    )
    size_exponent: Share = Field(
        default=0.2,
        description="Power of size relative to the book's geometric mean; effort grows far slower "
        "than a client does. No unit, planning choice.",
    )
    price_exponent: Share = Field(
        default=0.2,
        description="Power of list price relative to the catalogue's geometric mean, which stands "
        "in for the complexity rating where the catalogue has none. No unit, planning choice.",
    )
    factor_minimum: Positive = Field(
        default=0.25, description="A factor counts as at least this; multiple of the book's mean."
    )
    factor_maximum: Positive = Field(
        default=4.0, description="A factor counts as at most this; multiple of the book's mean."
    )
    minimum: Positive = Field(default=0.5, description="Lower bound of the score before scaling.")
    maximum: Positive = Field(default=2.0, description="Upper bound of the score before scaling.")

    @model_validator(mode="after")
    def _weighted(self) -> "ComplexitySettings":
        if self.cycle_weight + self.size_weight + self.offering_weight <= 0:
            raise ValueError("at least one of the three weights must be above 0")
        if self.factor_minimum > self.factor_maximum:
            raise ValueError("factor_minimum is above factor_maximum")
        return self


class ValueIndexSettings(_Bounded):
    """Value index of an account (`int_account__value_index`)."""

    exponent: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5,
        description="θ: hours follow value at this power, below 1 because calls on one account "
        "show diminishing returns. No unit, planning choice.",
    )
    minimum: Positive = Field(default=0.2, description="Lower bound of the index before scaling.")
    maximum: Positive = Field(default=5.0, description="Upper bound of the index before scaling.")


class CycleIndexSettings(_Bounded):
    """Cycle index of an account (`int_account__cycle`, `int_segment__cycle`)."""

    shrinkage_deals: NonNegative = Field(
        default=5,
        description="Won deals at which an account's own cycle and its segment's weigh the same.",
    )
    minimum_segment_deals: int = Field(
        default=5, ge=1, description="Won deals a segment needs for a median of its own."
    )
    minimum: Positive = Field(default=0.5, description="Lower bound of the index before scaling.")
    maximum: Positive = Field(default=2.0, description="Upper bound of the index before scaling.")


class WorkloadSettings(_Section):
    """Service hours and visits of an account (`int_account__workload`)."""

    policy_share: Positive = Field(
        default=0.9,
        description="Share of the team's effective capacity that the book is taken to need where "
        "no hours are logged. Planning choice.",
    )
    default_activity_hours: Positive = Field(
        default=1.0, description="Hours of a logged activity without a duration."
    )
    visit_share: Share = Field(
        default=0.25, description="Share of service hours spent on site. Planning choice."
    )
    hours_per_visit: Positive = Field(
        default=2.0, description="Hours on site per visit. Planning choice."
    )
    maximum_visits: Positive = Field(
        default=52, description="Most visits to one account in a year: one a week."
    )


class PotentialSettings(_Section):
    """What an account could buy in a year (`int_account__potential`)."""

    quantile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.8,
        description="Quantile of what comparable customers spend. Source: IBM's market alignment "
        "programme estimates realistic wallets as such high quantiles (Lawrence et al. 2010).",
    )
    minimum_group_accounts: int = Field(
        default=10, ge=1, description="Customers a group needs before it counts as comparable."
    )
    employee_exponent: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.7,
        description="Spend is compared per employee to this power: 1 compares it per head; below "
        "1 a client of ten times the size is taken to spend less than ten times as much.",
    )
    size_band_employees: tuple[Positive, ...] = Field(
        default=(10, 50, 250, 1000, 5000),
        description="Lower bounds of the size bands, employees, ascending.",
    )
    market_spend_per_employee_usd: NonNegative = Field(
        default=250,
        description="What a market spends on such products, USD per employee and year. "
        "Planning assumption; set it to your own category.",
    )
    market_spend_by_sector_usd: dict[str, NonNegative] = Field(
        default_factory=dict,
        description="The same for single NAICS sectors ('51', '31-33'), USD per employee and year.",
    )

    @model_validator(mode="after")
    def _ascending(self) -> "PotentialSettings":
        bands = self.size_band_employees
        if list(bands) != sorted(set(bands)):
            raise ValueError(f"size_band_employees must ascend: {list(bands)}")
        return self


class FittingSettings(_Section):
    """When models are fitted and how large they are (`pipelines.scoring`)."""

    is_fitted: bool = Field(
        default=True,
        description="Fit models; without them potential is the hierarchical quantile, and deals "
        "have the win rate of the book.",
    )
    minimum_customers: int = Field(
        default=200,
        ge=20,
        description="Customers needed to fit the models of potential and sales; with fewer a "
        "calibrated quantile of 0.8 is uncertain by more than 3 points.",
    )
    minimum_deals: int = Field(
        default=400,
        ge=40,
        description="Closed deals needed to fit the win probability; at least half as many of "
        "either outcome.",
    )
    minimum_evidence: NonNegative = Field(
        default=2.5,
        description="Standard errors by which a model must beat a constant on left-out rows to be "
        "used: below 1 % of models of pure chance do.",
    )
    trees: int = Field(default=40, ge=1, le=2000, description="Trees of a model.")
    leaves: int = Field(
        default=6, ge=2, le=255, description="Leaves of a tree: interactions of a few columns."
    )
    minimum_leaf_rows: int = Field(
        default=30, ge=5, description="Rows a leaf needs; a quantile of 0.8 of fewer is noise."
    )
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="Share of a tree's correction that is taken."
    )
    maximum_rows: int = Field(
        default=100_000, ge=1000, description="Most rows a model is fitted on, drawn by the seed."
    )
    seed: int = Field(default=7, ge=0, description="Seed of everything drawn.")


class SegmentSettings(_Section):
    """One segment, for accounts whose segment the source does not name."""

    name: str = Field(min_length=1, description="Name of the segment.")
    minimum_revenue_usd: NonNegative = Field(description="Annual revenue from which it applies.")
    minimum_employees: NonNegative = Field(description="Or employees from which it applies.")


class ExperienceSettings(_Section):
    """One level of experience of a rep (`int_rep__capacity`)."""

    name: str = Field(min_length=1, description="Name of the level, lower case.")
    multiplier: Positive = Field(
        description="Junior-standard hours of work a clock hour of this level does."
    )
    minimum_tenure_months: NonNegative = Field(
        description="Tenure from which it applies where the source names no level, months."
    )


class CapacitySettings(_Section):
    """What a rep can work in a year (`int_rep__capacity`)."""

    selling_hours: Positive = Field(
        default=1500,
        description="Selling hours of a full-time rep, clock hours a year, where the source gives "
        "none: 46 weeks × 40 h, less about a fifth for meetings and administration.",
    )
    ramp_months: NonNegative = Field(
        default=6, description="Months until a new rep works at full capacity; linear."
    )
    ramp_start_share: Share = Field(
        default=0.25, description="Share of full capacity on the first day."
    )
    vacant_seat_share: Share = Field(
        default=0.5,
        description="Share of full capacity of a vacant seat: filled on average in mid-year.",
    )
    vacant_names: tuple[str, ...] = Field(
        default=("vacant", "open seat", "open position", "to be hired", "tbh", "tbd"),
        description="A rep whose name or role starts with one of these is a vacant seat.",
    )
    overlay_roles: tuple[str, ...] = Field(
        default=(),
        description="A rep whose title contains one of these, whatever the case, fills a second "
        "role: covers accounts (`overlays` of the policy) and owns none. Such as sales engineer.",
    )
    default_experience_level: str = Field(
        default="mid", description="Level where neither level nor hire date is known."
    )
    experience_levels: tuple[ExperienceSettings, ...] = Field(
        default=(
            ExperienceSettings(name="junior", multiplier=1.0, minimum_tenure_months=0),
            ExperienceSettings(name="mid", multiplier=1.25, minimum_tenure_months=24),
            ExperienceSettings(name="senior", multiplier=1.5, minimum_tenure_months=60),
        ),
        min_length=1,
        description="The levels of experience, from the lowest.",
    )
    experience_aliases: dict[str, str] = Field(
        default_factory=lambda: {
            "associate": "junior",
            "entry": "junior",
            "intermediate": "mid",
            "principal": "senior",
        },
        description="Other names of the levels, lower case.",
    )

    @model_validator(mode="after")
    def _known_levels(self) -> "CapacitySettings":
        names = [level.name for level in self.experience_levels]
        if len(names) != len(set(names)):
            raise ValueError(f"experience_levels names a level twice: {names}")
        for name in (self.default_experience_level, *self.experience_aliases.values()):
            if name not in names:
                raise ValueError(f"'{name}' is no experience level; known: {', '.join(names)}")
        return self


class EconomicsSettings(_Section):
    """What work and travel cost (`kpi_territory`)."""

    hourly_cost_usd: NonNegative = Field(
        default=68,
        description="Cost of a rep's hour where the source gives none, USD: median wage of "
        "technical sales representatives, 47.94 (BLS, May 2023), × 1.42 for benefits.",
    )
    cost_per_km_usd: NonNegative = Field(
        default=0.435,
        description="Cost of a kilometre driven, USD: the IRS rate for 2025, 0.70 a mile.",
    )
    minimum_reps_for_mean: int = Field(
        default=3,
        ge=2,
        description="Reps of known cost needed to publish figures at the team's mean cost; below, "
        "hourly_cost_usd is used, because single pay could be computed back.",
    )


class FunnelSettings(_Section):
    """Which open opportunities count, and for how much (`int_crm__opportunity`)."""

    unqualified_stages: tuple[str, ...] = Field(
        default=("prospecting", "lead", "prospect", "suspect"),
        description="Stages before qualification, lower case; left out of sales velocity.",
    )
    stage_probability_pct: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(
        default_factory=lambda: {
            "prospecting": 10.0,
            "qualification": 10.0,
            "needs analysis": 20.0,
            "value proposition": 50.0,
            "id. decision makers": 60.0,
            "perception analysis": 70.0,
            "proposal/price quote": 75.0,
            "negotiation/review": 90.0,
            "appointment scheduled": 20.0,
            "qualified to buy": 40.0,
            "presentation scheduled": 60.0,
            "decision maker bought-in": 80.0,
            "contract sent": 90.0,
        },
        description="Probability of winning an open deal by its stage, lower case, where the "
        "source gives none for the deal, %. Source: the standard stages of Salesforce and the "
        "default pipeline of HubSpot.",
    )


class MarketSettings(_Section):
    """How accounts meet market statistics (`int_account__profile`, `stg_crm__account`)."""

    industry_sectors: dict[str, str] = Field(
        description="NAICS sector of each industry name, lower case; others have no market cap."
    )
    country_aliases: dict[str, str] = Field(
        description="One name for each country; spellings in lower case."
    )


class Scoring(_Section):
    """The whole of `scoring.yaml`."""

    complexity: ComplexitySettings = ComplexitySettings()
    value_index: ValueIndexSettings = ValueIndexSettings()
    cycle_index: CycleIndexSettings = CycleIndexSettings()
    workload: WorkloadSettings = WorkloadSettings()
    potential: PotentialSettings = PotentialSettings()
    fitting: FittingSettings = FittingSettings()
    segments: tuple[SegmentSettings, ...] = Field(
        default=(
            SegmentSettings(name="Enterprise", minimum_revenue_usd=1e9, minimum_employees=1000),
            SegmentSettings(name="Mid-market", minimum_revenue_usd=5e7, minimum_employees=100),
            SegmentSettings(name="Small business", minimum_revenue_usd=0, minimum_employees=0),
        ),
        min_length=1,
        description="Segments from the largest, for accounts whose segment the source does not "
        "name. Source of the bounds: Gartner's definition of small and midsize business.",
    )
    capacity: CapacitySettings = CapacitySettings()
    economics: EconomicsSettings = EconomicsSettings()
    funnel: FunnelSettings = FunnelSettings()
    market: MarketSettings

    def dbt_vars(self) -> dict[str, Any]:
        """The constants as dbt variables: plain numbers, texts, lists and mappings.

        A setting of a section becomes `<section>_<setting>`; `segments` keeps its name, `fitting`
        is read by Python alone.
        """
        flat: dict[str, Any] = {}
        for section, content in self.model_dump(mode="json", exclude={"fitting"}).items():
            if isinstance(content, dict):
                flat |= {f"{section}_{setting}": value for setting, value in content.items()}
            else:
                flat[section] = content
        return flat


def load_scoring(path: Path) -> Scoring:
    """The scoring constants of the YAML file `path`.

    Raises:
        ConfigurationError: the file is missing, or a setting is unknown or out of range.
    """
    return read_settings(path, Scoring)


def scoring_schema() -> dict[str, Any]:
    """The JSON Schema of `scoring.yaml`."""
    return Scoring.model_json_schema()

"""What a plan values, in money: travel, response, disruption, overtime. And the solver's effort."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimization.policy.fields import (
    AccountColumn,
    NonNegative,
    Positive,
    RepColumn,
    Settings,
    Share,
)


class TravelMatrix(Settings):
    """Drive times between zones, in place of the great circle.

    The CSV file has the columns from_zone, to_zone, hours and optionally km, one way, from the
    zone of the rep's base to the zone of the account. Pairs it does not list use the great circle.
    """

    file: str = Field(min_length=1, description="CSV file, relative to the policy file's folder.")
    account_zone: AccountColumn = Field(
        default="state", description="Column of the accounts that holds to_zone."
    )
    rep_zone: RepColumn = Field(
        default="region", description="Column of the reps that holds from_zone."
    )


class TravelPolicy(Settings):
    """Travel hours and their price; distances are great circles from the rep's base."""

    circuity: Annotated[float, Field(ge=1.0, le=5.0)] = Field(
        default=1.2, description="Road distance over great circle (Ballou et al. 2002: USA 1.20)."
    )
    speed_km_per_hour: Positive = Field(default=70.0, description="Mean door-to-door speed, km/h.")
    cap_hours_per_visit: Positive = Field(
        default=8.0,
        description="Longest round trip, h; farther visits are flown or held online.",
    )
    cost_per_km_usd: NonNegative = Field(
        default=0.435, description="USD per km (IRS business rate 2025: USD 0.70 a mile)."
    )
    cost_per_hour_usd: NonNegative = Field(
        default=50.0, description="USD of selling time lost per hour on the road."
    )
    max_distance_km: Positive | None = Field(
        default=None,
        description="Farther pairs are not allowed, one way by road; today's owner stays allowed. "
        "None: no limit.",
    )
    max_hours_per_rep: Positive | None = Field(
        default=None, description="Hard limit of travel hours of each rep a year. None: no limit."
    )
    matrix: TravelMatrix | None = Field(
        default=None, description="Drive times per pair of zones. None: great circles only."
    )


class ResponsePolicy(Settings):
    """What an hour of a rep is worth: margin, whitespace won, and fit of rep and account."""

    contribution_margin: Share = Field(default=0.3, description="Share of a sale that is margin.")
    max_whitespace_share: Share = Field(
        default=0.1,
        description="Share of whitespace won in a year with unlimited hours.",
    )
    half_share_hours: Positive = Field(
        default=40.0,
        description="Hours a year that win half of max_whitespace_share "
        "(ADBUDG response with exponent 1, Little 1970).",
    )
    experience_penalty: Share = Field(
        default=0.3,
        description="Share of the win lost when the rep's experience multiplier is 0.5 short.",
    )
    skill_penalty: Share = Field(
        default=0.15, description="Share of the win lost when the industry is not among the skills."
    )
    penalties_from: Literal["deals", "policy"] = Field(
        default="deals",
        description="deals: the pipeline estimates both penalties from closed deals and uses an "
        "estimate whose 95 % interval is at most 0.3 wide; the values above stand in elsewhere. "
        "policy: always the values above.",
    )


class DisruptionPolicy(Settings):
    """What a customer costs who changes from an active incumbent to another rep."""

    loss_rate: Share = Field(
        default=0.15,
        description="Share of annual sales lost (Shi et al. 2017 measured 13.2 to 17.6 %).",
    )
    relief_for_experience: Share = Field(
        default=0.2, description="Share of the loss avoided by a rep at least as experienced."
    )
    relief_for_skill: Share = Field(
        default=0.2, description="Share of the loss avoided by a rep who knows the industry."
    )
    handover_usd: NonNegative = Field(
        default=25.0,
        description="USD of handing over one account that has an active incumbent. Also decides "
        "ties in favour of the incumbent.",
    )

    @model_validator(mode="after")
    def _reliefs_leave_a_loss(self) -> "DisruptionPolicy":
        if self.relief_for_experience + self.relief_for_skill > 1.0:
            raise ValueError("relief_for_experience + relief_for_skill must not exceed 1")
        return self


class OvertimePolicy(Settings):
    """Clock hours (service and travel) above a rep's capacity are priced, and may be limited."""

    price_usd_per_hour: NonNegative = Field(default=90.0, description="USD per clock hour above.")
    max_pct: Annotated[float, Field(gt=0.0, le=1000.0)] | None = Field(
        default=None,
        description="Hard ceiling of clock hours, % of capacity (130: 30 % overtime at most). "
        "None: no ceiling.",
    )


class SolverPolicy(Settings):
    """How hard the solver works. Work limits keep plans repeatable; a clock limit does not."""

    rel_gap_pct: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        default=0.01, description="Stop when the plan is proved within this % of the optimum."
    )
    node_limit: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=300,
        description="Most branch-and-bound nodes of one integer model. Ten times as many may prove "
        "the least excess where bands must give way.",
    )
    time_limit_seconds: Positive = Field(
        default=600.0,
        description="Safety net of the whole solve; when it strikes, the plan is marked not "
        "repeatable.",
    )
    search_steps_millions: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="Exchanges the local search tries, millions. None: chosen by size.",
    )
    threads: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Threads of the search; the plan does not depend on them."
    )
    rounds: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1, description="Rounds of improvement after the first plan: a work limit."
    )
    relaxation_slack_points: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        default=2.0,
        description="Where bands must give way: so much more than the least total excess a plan "
        "may have if it costs less, in % of one territory's target. 0: the least at any cost.",
    )

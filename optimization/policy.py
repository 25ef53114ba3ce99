"""The planning policy: what a scenario values, what it must keep, and how hard it searches.

One YAML file per scenario. Unknown keys are refused, because a misspelt limit that is silently
ignored produces a plan nobody asked for.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from optimization.errors import PolicyError, nearest

MetricName = Literal["hours", "potential", "sales", "account_count"]
METRICS: tuple[str, ...] = get_args(MetricName)

AccountColumn = Literal["account_id", "segment", "industry", "country", "state"]
RepColumn = Literal["rep_id", "manager_id", "region", "country", "experience_level"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, le=1e9, allow_inf_nan=False)]


class Settings(BaseModel):
    """Base of every block: unknown keys are errors, values cannot change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MetricBand(Settings):
    """The band that one metric of every territory must stay in, around its target."""

    metric: MetricName = Field(
        description="hours: service hours a year; potential: USD a year; "
        "sales: USD of the last 12 months; account_count: accounts."
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

    @model_validator(mode="after")
    def _inner_band_lies_inside(self) -> "MetricBand":
        if self.soft_tolerance_pct is not None and self.soft_tolerance_pct > self.tolerance_pct:
            raise ValueError("soft_tolerance_pct must not exceed tolerance_pct")
        return self


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

    @model_validator(mode="after")
    def _reliefs_leave_a_loss(self) -> "DisruptionPolicy":
        if self.relief_for_experience + self.relief_for_skill > 1.0:
            raise ValueError("relief_for_experience + relief_for_skill must not exceed 1")
        return self


class OvertimePolicy(Settings):
    """Clock hours (service and travel) above a rep's capacity are priced, not forbidden."""

    price_usd_per_hour: NonNegative = Field(default=90.0, description="USD per clock hour above.")


class EligibilityRule(Settings):
    """Accounts that match `accounts` may be owned only by reps that satisfy `reps` and `same`."""

    name: str = Field(min_length=1, description="Shown wherever the rule decides.")
    accounts: dict[AccountColumn, list[str]] = Field(
        default_factory=dict,
        description="Column: accepted values; all must match. Empty: all.",
    )
    reps: dict[RepColumn, list[str]] = Field(
        default_factory=dict,
        description="Column: accepted values; all must match. Empty: all.",
    )
    same: list[Literal["country", "industry_skill"]] = Field(
        default_factory=list,
        description="country: rep and account share it; industry_skill: the account's industry is "
        "among the rep's skills. Where either side is unknown, the pair stays allowed.",
    )


class LockRule(Settings):
    """Accounts that match stay with their incumbent (they still count in every load)."""

    name: str = Field(min_length=1, description="Shown as the reason of the lock.")
    accounts: dict[AccountColumn, list[str]] = Field(
        default_factory=dict,
        description="Column: accepted values; all must match. Empty: all.",
    )
    tenure_months_below: NonNegative | None = Field(
        default=None, description="Only accounts owned for fewer months than this."
    )


class SolverPolicy(Settings):
    """How hard the solver works. Work limits keep plans repeatable; a clock limit does not."""

    rel_gap_pct: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        default=0.1, description="Stop when the plan is proved within this % of the optimum."
    )
    large_gap_pct: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        default=0.4,
        description="The same for problems too large for one integer model (above 3,000 pairs).",
    )
    node_limit: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=150, description="Branch-and-bound nodes per model."
    )
    bound_nodes: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=100, description="Linear relaxations solved to raise the bound of a large problem."
    )
    core_arcs: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=16_000, description="Most account-rep pairs handed to one integer model."
    )
    time_limit_seconds: Positive = Field(
        default=300.0,
        description="Safety net per model; when it strikes, the plan is marked not repeatable.",
    )
    threads: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="One value per process: changing it between solves breaks HiGHS."
    )


class Policy(Settings):
    """A scenario: everything that decides a plan apart from the data."""

    description: str = Field(default="", description="One sentence for whoever compares scenarios.")
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = Field(
        default=7, description="Seed of every random choice of the solver."
    )
    metrics: list[MetricBand] = Field(
        default_factory=lambda: [MetricBand(metric="hours"), MetricBand(metric="potential")],
        description="The bands. A metric not listed is published but not limited.",
    )
    on_infeasible: Literal["relax", "stop"] = Field(
        default="relax",
        description="relax: widen the bands by the smallest total and say so; stop: end the run.",
    )
    keep_families_together: bool = Field(
        default=True, description="Parent and child accounts get one owner."
    )
    eligibility: list[EligibilityRule] = Field(default_factory=list)
    locks: list[LockRule] = Field(default_factory=list)
    travel: TravelPolicy = Field(default_factory=TravelPolicy)
    response: ResponsePolicy = Field(default_factory=ResponsePolicy)
    disruption: DisruptionPolicy = Field(default_factory=DisruptionPolicy)
    overtime: OvertimePolicy = Field(default_factory=OvertimePolicy)
    solver: SolverPolicy = Field(default_factory=SolverPolicy)

    @model_validator(mode="after")
    def _one_band_per_metric(self) -> "Policy":
        twice = [m for m, n in Counter(band.metric for band in self.metrics).items() if n > 1]
        if twice:
            raise ValueError(f"metrics lists {twice[0]} more than once")
        return self


def load_policy(path: Path | str) -> Policy:
    """Read one scenario.

    Raises:
        PolicyError: the file is missing or no YAML mapping, or a setting is unknown, of the wrong
            type or out of range; the message names the file and the setting.
    """
    import yaml

    file = Path(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        siblings = (
            sorted(p.name for p in file.parent.glob("*.yaml")) if file.parent.is_dir() else []
        )
        raise PolicyError(
            f"{file}: no such policy file{nearest(file.name, siblings)}; "
            f"found: {', '.join(siblings) or 'none'}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: cannot be read as UTF-8 text: {error}") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{file}: not valid YAML: {str(error)[:300]}") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise PolicyError(
            f"{file}: expected settings as 'name: value', found {type(content).__name__}"
        )
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise PolicyError(f"{file}: " + "; ".join(_explain(error)[:5])) from None


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file, as kept in config/schemas/policy.schema.json."""
    schema = Policy.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Planning policy",
    }


def _explain(error: ValidationError) -> list[str]:
    messages = []
    for detail in error.errors():
        place = ".".join(str(part) for part in detail["loc"]) or "policy"
        if detail["type"] == "extra_forbidden":
            known = _known_keys(detail["loc"][:-1])
            messages.append(f"unknown setting {place}{nearest(str(detail['loc'][-1]), known)}")
        else:
            shown = repr(detail["input"])[:80]
            text = detail["msg"].removeprefix("Value error, ")
            messages.append(f"setting {place}: {text} (found {shown})")
    return messages


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """Field names of the block at `place`, for the near-name hint."""
    model: Any = Policy
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
        kinds = [field.annotation, *get_args(field.annotation)]
        blocks = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if not blocks:
            return []
        model = blocks[0]
    return list(model.model_fields)

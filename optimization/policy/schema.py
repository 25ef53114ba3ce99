"""A whole policy: everything that decides a plan apart from the data."""

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from optimization.errors import nearest
from optimization.policy.balance import (
    METRICS,
    AccountLimit,
    MetricBand,
    MoveBudget,
    UnassignedTier,
)
from optimization.policy.fields import Settings
from optimization.policy.levels import LevelPolicy
from optimization.policy.overlay import OverlayPolicy
from optimization.policy.ownership import EligibilityRule, KeepTogether, LockRule, MustSeparate
from optimization.policy.prices import (
    DisruptionPolicy,
    OvertimePolicy,
    ResponsePolicy,
    SolverPolicy,
    TravelPolicy,
)
from optimization.policy.rebalancing import RebalancingPolicy
from optimization.policy.studies import FrontierPolicy, HeadcountPolicy
from optimization.policy.transition import TransitionPolicy

NAMED_LISTS = (
    "metrics",
    "levels",
    "keep_together",
    "must_separate",
    "eligibility",
    "locks",
    "account_limits",
    "unassigned",
    "overlays",
)


class Policy(Settings):
    """A scenario: what it values, what it must keep, and how hard it searches."""

    description: str = Field(default="", description="One sentence for whoever compares scenarios.")
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = Field(
        default=7, description="Seed of every random choice of the solver."
    )
    metrics: list[MetricBand] = Field(
        default_factory=lambda: [MetricBand(metric="hours"), MetricBand(metric="potential")],
        description="The bands, any number. A measure not listed is published but not limited.",
    )
    levels: list[LevelPolicy] = Field(
        default_factory=list,
        description="Bands of groups of reps, such as managers and regions. Hard, like those of "
        "the reps.",
    )
    on_infeasible: Literal["relax", "stop"] = Field(
        default="relax",
        description="relax: widen the bands by the smallest total and say so; stop: end the run.",
    )
    keep_families_together: bool = Field(
        default=True, description="Parent and child accounts get one owner."
    )
    keep_together: list[KeepTogether] = Field(
        default_factory=list, description="Further sets of accounts that get one owner."
    )
    must_separate: list[MustSeparate] = Field(
        default_factory=list, description="Sets of accounts no two of which get the same owner."
    )
    eligibility: list[EligibilityRule] = Field(
        default_factory=list, description="Who may own what; a pair must satisfy every rule."
    )
    locks: list[LockRule] = Field(
        default_factory=list,
        description="What stays with its incumbent. The first rule that matches an account is "
        "its reason; the manual list comes before all rules.",
    )
    account_limits: list[AccountLimit] = Field(
        default_factory=list, description="How many accounts of a kind some reps own. Hard."
    )
    move_budgets: list[MoveBudget] = Field(
        default_factory=list,
        description="How much of what has an active incumbent may change its owner. Hard.",
    )
    unassigned: list[UnassignedTier] = Field(
        default_factory=list,
        description="Accounts that may stay without owner, at a price. All others must be owned.",
    )
    travel: TravelPolicy = Field(default_factory=TravelPolicy)
    response: ResponsePolicy = Field(default_factory=ResponsePolicy)
    disruption: DisruptionPolicy = Field(default_factory=DisruptionPolicy)
    overtime: OvertimePolicy = Field(default_factory=OvertimePolicy)
    rebalancing: RebalancingPolicy = Field(default_factory=RebalancingPolicy)
    transition: TransitionPolicy = Field(default_factory=TransitionPolicy)
    frontier: FrontierPolicy = Field(default_factory=FrontierPolicy)
    headcount: HeadcountPolicy = Field(default_factory=HeadcountPolicy)
    overlays: list[OverlayPolicy] = Field(
        default_factory=list,
        description="Second roles over the same accounts, planned after the plan. Change no plan.",
    )
    solver: SolverPolicy = Field(default_factory=SolverPolicy)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Policy":
        for block in NAMED_LISTS:
            _refuse_twice(block, [rule.name for rule in getattr(self, block)])
        known = {band.name for band in self.metrics} | set(METRICS)
        for level in self.levels:
            for band in level.metrics:
                if band.metric not in known:
                    raise ValueError(
                        f"levels {level.by}: no metric is called {band.metric}"
                        f"{nearest(band.metric, sorted(known))}; known: {', '.join(sorted(known))}"
                    )
        _refuse_twice("move_budgets", [budget.measure for budget in self.move_budgets])
        return self


def _refuse_twice(block: str, names: list[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"{block} lists {name} more than once")


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file, as kept in config/schemas/policy.schema.json."""
    schema = Policy.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Planning policy",
    }

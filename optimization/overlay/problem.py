"""An overlay as planning tables and a policy that any planner and verifier take.

What gets one overlay rep, a pod or an account, is a family; the coverage ratio is an account limit;
what `follow` asks for are eligibility rules. So the second role has the same certificate, reasons
and prices of limits as the first. Its cost is travel, change of the overlay rep, deviations and
overtime; it wins no sales of its own, since those of the accounts are counted with the first role.
"""

from dataclasses import dataclass
from math import ceil

import polars as pl

from optimization.overlay.coverage import PRIMARY, covered_accounts
from optimization.overlay.seats import crm_team, ratio_team, seats_needed
from optimization.policy import Policy
from optimization.policy.balance import AccountLimit, MetricBand
from optimization.policy.overlay import OverlayBand, OverlayPolicy
from optimization.policy.ownership import EligibilityRule
from optimization.policy.prices import OvertimePolicy

PODS = "primary_reps"
RATIO_NAMES = {"primary_reps": "primary reps per seat", "accounts": "accounts per seat"}
OVERRIDES = {
    name: pl.String() for name in ("account_id", "action", "rep_id", "reason", "group_id")
} | {"expires_date": pl.Date()}


@dataclass(frozen=True)
class PrimaryPlan:
    """The first role: its planning tables, its policy, and who owns what in its plan."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    assignment: pl.DataFrame
    policy: Policy


@dataclass(frozen=True)
class OverlayProblem:
    """What `plan_territories` and `verify_plan` take to plan and judge the second role.

    Attributes:
        accounts: with `primary_rep_id`. reps: with `base_rep_id`, of a seat from the ratio.
        anchors: an account of each pod, by which pods are counted; none where accounts go singly.
        seats_needed: full-time seats that the coverage ratio asks for.
    """

    overlay: OverlayPolicy
    accounts: pl.DataFrame
    reps: pl.DataFrame
    policy: Policy
    anchors: list[str]
    seats_needed: int

    @property
    def overrides(self) -> pl.DataFrame:
        """None: manual decisions are about the owner of an account."""
        return pl.DataFrame(schema=OVERRIDES)


def overlay_problem(
    primary: PrimaryPlan,
    overlay_reps: pl.DataFrame,
    members: pl.DataFrame,
    overlay: OverlayPolicy,
) -> OverlayProblem:
    """The second role over the accounts of the plan.

    Args:
        overlay_reps: `int_plan__overlay_rep`: who has a title of an overlay role.
        members: `int_plan__overlay_owner`: who is on each account's team today.

    Raises:
        PlanInputError: nobody fills the role.
    """
    if overlay.seats.source == "crm":
        team = crm_team(overlay_reps, overlay)
        ids = team["rep_id"].cast(pl.String).to_list()
        covered = covered_accounts(primary.accounts, primary.assignment, members, ids, overlay)
    else:
        covered = covered_accounts(primary.accounts, primary.assignment, members, [], overlay)
        team = ratio_team(covered, primary.reps, overlay)
    anchors = _anchors(covered) if overlay.unit == "pod" else []
    policy = _policy(primary, overlay, covered, team, anchors)
    needed = seats_needed(covered, primary.reps, overlay)
    return OverlayProblem(overlay, covered, team, policy, anchors, needed)


def _anchors(covered: pl.DataFrame) -> list[str]:
    """The first account of each pod, rising."""
    first = covered.group_by(PRIMARY).agg(pl.col("account_id").min())
    return sorted(first["account_id"].to_list())


def _policy(
    primary: PrimaryPlan,
    overlay: OverlayPolicy,
    covered: pl.DataFrame,
    team: pl.DataFrame,
    anchors: list[str],
) -> Policy:
    policy = primary.policy
    travel = policy.travel.model_copy(
        update={"max_distance_km": overlay.max_distance_km, "max_hours_per_rep": None}
    )
    # The role wins no sales of its own, so its fit decides nothing.
    response = policy.response.model_copy(update={"max_whitespace_share": 0.0})
    return Policy(
        seed=policy.seed,
        metrics=[_band(band, anchors) for band in overlay.bands],
        on_infeasible=policy.on_infeasible,
        keep_families_together=overlay.unit == "pod" or policy.keep_families_together,
        eligibility=[*overlay.eligibility, *_followed(primary, overlay, covered)],
        account_limits=_ratio_limits(overlay, team, anchors),
        travel=travel,
        response=response,
        disruption=overlay.disruption,
        overtime=OvertimePolicy(price_usd_per_hour=overlay.overtime_usd_per_hour),
        solver=policy.solver,
    )


def _band(band: OverlayBand, anchors: list[str]) -> MetricBand:
    given = band.model_dump(exclude_none=True) | {"name": band.metric}
    if band.metric == PODS:
        given |= {"metric": "account_count", "accounts": {"account_id": anchors}}
    return MetricBand.model_validate(given)


def _ratio_limits(
    overlay: OverlayPolicy, team: pl.DataFrame, anchors: list[str]
) -> list[AccountLimit]:
    """The most that reps of each share of full time cover, where the ratio counts whole things."""
    measure = overlay.coverage.measure
    if measure not in RATIO_NAMES or (measure == PODS and overlay.unit == "account"):
        return []
    filters = {"account_id": anchors} if measure == PODS else {}
    if measure == PODS and not anchors:
        return []
    by_share: dict[int, list[str]] = {}
    for rep_id, share in team.select("rep_id", "fte_share").iter_rows():
        most = ceil(overlay.coverage.per_seat * (1.0 if share is None else float(share)) - 1e-9)
        by_share.setdefault(most, []).append(str(rep_id))
    name = RATIO_NAMES[measure]
    return [
        AccountLimit.model_validate(
            {
                "name": name if len(by_share) == 1 else f"{name}, at most {most}",
                "accounts": filters,
                "reps": {"rep_id": sorted(rep_ids)},
                "maximum": most,
            }
        )
        for most, rep_ids in sorted(by_share.items())
    ]


def _followed(
    primary: PrimaryPlan, overlay: OverlayPolicy, covered: pl.DataFrame
) -> list[EligibilityRule]:
    """A rule for each value of a followed column that primary reps have."""
    rules = []
    text = [pl.col(name).cast(pl.String).fill_null("") for name in ("rep_id", *overlay.follow)]
    known = covered.select("account_id", PRIMARY).join(
        primary.reps.select(text), left_on=PRIMARY, right_on="rep_id"
    )
    for column in overlay.follow:
        for (value,), part in known.sort(column).group_by(column, maintain_order=True):
            if value:
                rules.append(
                    EligibilityRule.model_validate(
                        {
                            "name": f"same {column.removesuffix('_id')} {value}",
                            "accounts": {"account_id": sorted(part["account_id"].to_list())},
                            # Who has no value is nobody's stranger.
                            "reps": {column: [str(value), ""]},
                        }
                    )
                )
    return rules

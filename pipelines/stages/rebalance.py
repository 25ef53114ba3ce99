"""Rebalance stage: today's planning tables against the chosen plan; a proposal where it drifted.

`plan_drift` says how far each band, territory and count has come. Where a signal passes its
threshold of the policy, `plan_rebalance` and `plan_rebalance_move` hold the smallest change that
restores the bands. The plan it would make is recorded as proposed, under the id of the proposal,
and can be approved, made effective and sent like any other. Each check is kept (`kept_checks`); the
next run publishes all that are.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.interrupts import interruptible
from pipelines.keeping.chosen import (
    ChosenPlan,
    chosen_plan,
    chosen_scenario,
    plan_in_force,
)
from pipelines.progress import report
from pipelines.settings.loader import Settings, load_settings
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.kept_checks import (
    FOLDER,
    IDENTITY,
    has_proposal,
    is_kept,
    keep_check,
    schemas,
)
from pipelines.stages.plan import read_planning_tables
from pipelines.stages.planner import (
    PlanningTables,
    planning_errors,
    stop_on_violations,
    violations_of,
)
from pipelines.stages.proposal_record import (
    proposed_assignment,
    proposed_holdouts,
    record_proposal,
)
from pipelines.stages.run_context import RunContext, WorkPaths, digest_of
from pipelines.stages.scenarios import scenario_digests
from pipelines.stages.write_back_files import write_plan_files_for_crm
from pipelines.warehouse import session

if TYPE_CHECKING:
    from optimization import Policy, Proposal

# Published table: the one of this check in the working database.
WORKING = {
    "kpi_drift": "plan_drift",
    "kpi_rebalance": "plan_rebalance",
    "fct_rebalance_move": "plan_rebalance_move",
}
_NAMED = 5


@dataclass(frozen=True)
class Kept:
    """What became of the chosen plan.

    drift: `kpi_drift`. proposal: None where no signal passed its threshold. message: what people
    are told; None likewise. is_new: nobody was told of this proposal before.
    """

    proposal_id: str
    chosen: ChosenPlan
    drift: pl.DataFrame
    proposal: "Proposal | None"
    message: dict[str, Any] | None
    is_new: bool = True


def settings_of_chosen(settings: Settings, day: date | None) -> Settings:
    """The settings with the policy that the chosen plan of `day` follows, whatever the project
    plans with by now.

    Raises:
        ConfigurationError: that policy is gone.
        GateError: there is no chosen plan.
    """
    scenario = chosen_scenario(settings.data_dir, day)
    if scenario in (None, settings.scenario):
        return settings
    return load_settings(
        settings.config_path,
        data_dir=settings.data_dir,
        as_of=settings.as_of,
        scenarios=[str(scenario)],
    )


def check_effective(settings: Settings, context: RunContext) -> None:
    """Measure the drift of the plan in force and keep the check; propose nothing.

    Nothing is done while no plan was made effective, or where the same was measured before.
    """
    if plan_in_force(settings.data_dir, context.as_of) is None:
        return
    settings = settings_of_chosen(settings, context.as_of)
    context = context.planning(scenario_digests(settings))
    check = _measured(settings, context)
    if not is_kept(settings, check.proposal_id):
        keep_check(settings, check.proposal_id, check.frames(None))


def rebalance(settings: Settings, context: RunContext, *, is_forced: bool = False) -> Kept:
    """Measure the drift of the chosen plan, and propose what restores it where it is passed.

    Args:
        is_forced: propose even where no signal passes its threshold.

    Raises:
        GateError: there is no plan to keep, the verifier refuses the proposal, or another
            assignment was approved under its id.
        InfeasibleError: no plan meets the policy and the policy says to stop then.
        InputError: an override, a planning table or the chosen plan contradicts itself.
    """
    policy = settings.policy
    check = _measured(settings, context)
    proposal_id, chosen, drift, tables = (
        check.proposal_id,
        check.chosen,
        check.drift,
        check.tables,
    )
    proposal = None
    if is_forced or drift["is_passed"].any():
        proposal = propose(tables, policy, str(settings.policy_path), chosen.owners)
    found = check.frames(proposal)
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        for name, frame in found.items():
            connection.register("rebalance_rows", frame.to_arrow())
            connection.execute(
                f"CREATE OR REPLACE TABLE {WORKING[name]} AS SELECT * FROM rebalance_rows"
            )
            connection.unregister("rebalance_rows")
    if proposal is None:
        keep_check(settings, proposal_id, {"kpi_drift": found["kpi_drift"]})
        return Kept(proposal_id, chosen, drift, None, None)
    is_new = not has_proposal(settings, proposal_id)
    message = _message(settings, context, chosen, proposal_id, drift, proposal)
    assignment = proposed_assignment(proposal, tables.accounts, tables.reps)
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        holdouts = proposed_holdouts(connection, settings, context, proposal_id, assignment)
        # Before its folder: what is shown can be approved.
        record_proposal(
            connection, settings, context, chosen, proposal_id, proposal, assignment, holdouts
        )
    to_write = assignment.with_columns(previous_rep_id="source_rep_id")
    keep_check(
        settings,
        proposal_id,
        found | proposal.plan.tables(),
        message,
        lambda folder: write_plan_files_for_crm(folder, settings, to_write, holdouts),
    )
    return Kept(proposal_id, chosen, drift, proposal, message, is_new)


@dataclass(frozen=True)
class _Check:
    """A chosen plan held against the planning tables."""

    proposal_id: str
    scenario: str
    chosen: ChosenPlan
    drift: pl.DataFrame
    tables: PlanningTables

    def frames(self, proposal: "Proposal | None") -> dict[str, pl.DataFrame]:
        """The tables of `schemas`; those of the proposal are empty without one."""
        identity = {
            "proposal_id": self.proposal_id,
            "plan_id": self.chosen.plan_id,
            "scenario": self.scenario,
            "as_of": self.tables.as_of,
        }
        own = {"kpi_drift": self.drift}
        if proposal is not None:
            own |= {"kpi_rebalance": proposal.kpi, "fct_rebalance_move": proposal.moves}
        return {
            name: own[name]
            .with_columns(
                pl.lit(value, IDENTITY[column]).alias(column) for column, value in identity.items()
            )
            .select(*schema)
            if name in own
            else pl.DataFrame(schema=schema)
            for name, schema in schemas().items()
        }


def _measured(settings: Settings, context: RunContext) -> _Check:
    from optimization.rebalance.drift import measure_drift

    chosen = chosen_plan(settings.data_dir, context.as_of)
    policy = settings.policy
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
    report(f"Holding {chosen.plan_id} against the data")
    with planning_errors(policy, settings.policy_path):
        drift = measure_drift(
            *(tables.accounts, tables.reps, tables.overrides, policy, chosen.owners),
            penetration_then=chosen.penetration,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
        )
    wanted = policy.rebalancing.model_dump_json()
    proposal_id = "rebalance_" + digest_of(context.run_id, chosen.plan_id, wanted)
    return _Check(proposal_id, context.scenario, chosen, drift, tables)


def propose(
    tables: PlanningTables, policy: "Policy", policy_path: str, owners: pl.DataFrame
) -> "Proposal":
    """The verified proposal for a chosen plan; Ctrl-C asks for the best one so far.

    It reckons with the fit losses that closed deals tell, as plans do.

    Raises:
        as `rebalance`.
    """
    from optimization import rebalance_territories

    with (
        interruptible() as is_interrupted,
        planning_errors(policy, policy_path, is_interrupted),
    ):
        proposal = rebalance_territories(
            tables.accounts,
            tables.reps,
            tables.overrides,
            with_estimates(policy, tables.estimates),
            owners,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
            progress=lambda what, done, total: report(f"Rebalancing: {what}", done, total),
            is_interrupted=is_interrupted,
        )
    report("Verifying the proposal")
    judged = replace(tables, accounts=proposal.accounts)
    violations = violations_of(judged, policy, proposal.plan.tables())
    stop_on_violations(violations, "the proposal")
    return proposal


def sentences(drift: pl.DataFrame, proposal: "Proposal") -> list[str]:
    """What people want to know of a proposal, most important first."""
    (kpi,) = proposal.kpi.to_dicts()
    passed = drift.filter("is_passed")
    why = passed["statement"].head(_NAMED).to_list()
    more = passed.height - len(why)
    fewest = (
        "proved to be the fewest"
        if kpi["is_proved_fewest"]
        else f"at least {kpi['fewest_amount']:,.0f} {kpi['move_measure'].replace('_', ' ')} have to"
    )
    drifted = (
        f"{passed.height} signal(s) passed their thresholds: {'; '.join(why)}"
        if why
        else f"None of {drift.height} signals passed its threshold"
    )
    return [
        drifted + (f"; and {more} more" if more > 0 else ""),
        f"{kpi['voluntary_moves']} account(s) would leave an active owner ({fewest}), "
        f"{kpi['forced_moves']} of reps who left and {kpi['new_assignments']} without owner get "
        "one",
        f"Limits broken: {kpi['broken_limits_before']} before, by "
        f"{kpi['excess_before_pct']:.1f} points of their targets in all; "
        f"{kpi['broken_limits_after']} after, by {kpi['excess_after_pct']:.1f}",
        f"Price: USD {kpi['price_usd']:,.0f} a year against staying; planning everything again "
        f"would save at most USD {kpi['most_resolve_saves_usd']:,.0f} a year beside it",
        *_idle_overrides(proposal),
    ]


def _idle_overrides(proposal: "Proposal") -> list[str]:
    """Manual decisions of people who have left, which nobody may follow any longer."""
    left = proposal.plan.findings.filter(rule="override_rep_left")
    if not left.height:
        return []
    first = str(left["message"][0])
    return [f"{first[:1].upper()}{first[1:]} ({left.height} such row(s))"]


def _message(
    settings: Settings,
    context: RunContext,
    chosen: ChosenPlan,
    proposal_id: str,
    drift: pl.DataFrame,
    proposal: "Proposal",
) -> dict[str, Any]:
    told = sentences(drift, proposal)
    return {
        "event": "rebalance_proposed",
        "text": f"{settings.project.name}: {chosen.plan_id} "
        + ("has drifted by" if drift["is_passed"].any() else "holds on")
        + f" {context.as_of}. "
        + ". ".join([*told, f"To take it up: territory plan approve {proposal_id}"])
        + ".",
        "company": settings.project.name,
        "scenario": context.scenario,
        "as_of": context.as_of.isoformat(),
        "plan_id": chosen.plan_id,
        "proposal_id": proposal_id,
        "folder": f"{FOLDER}/{proposal_id}",
        "drift": drift.filter("is_passed").head(50).to_dicts(),
        "kpi": proposal.kpi.row(0, named=True),
    }

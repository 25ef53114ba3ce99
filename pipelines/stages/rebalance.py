"""Rebalance stage: today's planning tables against the chosen plan; a proposal where it drifted.

`kpi_drift` says how far each band, territory and count has come. Where a signal passes its
threshold of the policy, `kpi_rebalance` and `fct_rebalance_move` hold the smallest change that
restores the bands; the proposal also lies in `<data_dir>/proposals/<proposal_id>`, with the plan it
would make.
"""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.interrupts import interruptible
from pipelines.keeping.chosen import ChosenPlan, chosen_plan
from pipelines.progress import report
from pipelines.publish.swap import building_folder, place, remove_folder, sync_tree
from pipelines.settings.loader import Settings
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan import read_planning_tables
from pipelines.stages.planner import (
    PlanningTables,
    planning_errors,
    stop_on_violations,
    violations_of,
)
from pipelines.stages.run_context import RunContext, WorkPaths, digest_of
from pipelines.standalone.plan_files import write_plan_files
from pipelines.warehouse import session

if TYPE_CHECKING:
    from optimization import Policy, Proposal

FOLDER = "proposals"
TABLES = ("kpi_drift", "kpi_rebalance", "fct_rebalance_move")
_NAMED = 5


@dataclass(frozen=True)
class Kept:
    """What became of the chosen plan.

    drift: `kpi_drift`. proposal: None where no signal passed its threshold. message: what people
    are told; None likewise.
    """

    proposal_id: str
    chosen: ChosenPlan
    drift: pl.DataFrame
    proposal: "Proposal | None"
    message: dict[str, Any] | None


def rebalance(settings: Settings, context: RunContext, *, is_forced: bool = False) -> Kept:
    """Measure the drift of the chosen plan, and propose what restores it where it is passed.

    Args:
        is_forced: propose even where no signal passes its threshold.

    Raises:
        GateError: there is no plan to keep, or the verifier refuses the proposal.
        InfeasibleError: no plan meets the policy and the policy says to stop then.
        InputError: an override, a planning table or the chosen plan contradicts itself.
    """
    from optimization.rebalance.drift import measure_drift
    from optimization.rebalance.proposal import KPI_SCHEMA, MOVE_SCHEMA

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
    proposal = None
    if is_forced or drift["is_passed"].any():
        proposal = propose(tables, policy, str(settings.policy_path), chosen.owners)
    identity = [
        pl.lit(proposal_id).alias("proposal_id"),
        pl.lit(chosen.plan_id).alias("plan_id"),
        pl.lit(context.scenario).alias("scenario"),
        pl.lit(context.as_of).alias("as_of"),
    ]
    found = {
        "kpi_drift": drift,
        "kpi_rebalance": pl.DataFrame(schema=KPI_SCHEMA) if proposal is None else proposal.kpi,
        "fct_rebalance_move": pl.DataFrame(schema=MOVE_SCHEMA)
        if proposal is None
        else proposal.moves,
    }
    found = {name: frame.select(*identity, pl.all()) for name, frame in found.items()}
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        for name, frame in found.items():
            connection.register("rebalance_rows", frame.to_arrow())
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rebalance_rows")
            connection.unregister("rebalance_rows")
    message = None
    if proposal is not None:
        message = _message(settings, context, chosen, proposal_id, drift, proposal)
        _keep(settings, proposal_id, found | proposal.plan.tables(), message)
    return Kept(proposal_id, chosen, drift, proposal, message)


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
        f"Limits broken: {kpi['broken_limits_before']} before, {kpi['broken_limits_after']} after",
        f"Price: USD {kpi['price_usd']:,.0f} a year against staying; planning everything again "
        f"would save at most USD {kpi['most_resolve_saves_usd']:,.0f} a year beside it",
    ]


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
        + ". ".join(told)
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


def _keep(
    settings: Settings, proposal_id: str, frames: dict[str, pl.DataFrame], message: dict[str, Any]
) -> None:
    """Write the proposal's folder in one step, and remove the oldest beyond the retention."""
    folder = settings.data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with building_folder(folder, proposal_id) as building:
        write_plan_files(building, frames)
        text = json.dumps(message, indent=2, ensure_ascii=False) + "\n"
        (building / "proposal.json").write_text(text, encoding="utf-8")
        sync_tree(building)
        place(building, folder / proposal_id)
    known = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    known.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
    for old in known[: -settings.project.retention.proposals]:
        remove_folder(old)

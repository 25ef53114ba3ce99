"""The plan in force on new data, in the place of a plan made anew: its tables and how it is judged.

A run of this kind publishes the figures of a plan that people have made effective. It plans,
proposes and records nothing.
"""

from dataclasses import replace
from datetime import date

import polars as pl

from pipelines.keeping.chosen import plan_in_force
from pipelines.lifecycle import PlanStore
from pipelines.progress import report
from pipelines.settings.loader import Settings, load_settings
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan_tables import write_scenario
from pipelines.stages.plan_task import PlanTask, read_inputs
from pipelines.stages.planner import PlanningTables, planning_errors

# Rules that new data can break behind the back of a plan: told, where planning would stop.
MAY_BREAK = frozenset({"family_together", "keep_together", "separate", "lock", "eligibility"})


def kept_settings(settings: Settings, day: date) -> Settings | None:
    """The settings of a run that keeps the plan in force, with the policy that plan follows.

    None where no plan has been made effective.

    Raises:
        ConfigurationError: the plan's policy is gone.
    """
    period = plan_in_force(settings.data_dir, day)
    if period is None:
        return None
    scenario = PlanStore(settings.data_dir).record(period.plan_id).scenario
    if [one.name for one in settings.scenarios] != [scenario]:
        settings = load_settings(
            settings.config_path,
            data_dir=settings.data_dir,
            as_of=settings.as_of,
            scenarios=[scenario],
        )
    return replace(settings, kept_plan_id=period.plan_id)


def keep_task(settings: Settings, task: PlanTask) -> None:
    """Write the tables of the plan in force on the planning tables of `task` to `task.out`.

    Raises:
        InputError: a planning table or the plan contradicts itself.
        TerritoryError: the solver refused the model.
    """
    from optimization import keep_territories

    policy, path = task.scenario.policy, task.scenario.policy_path
    report(f"Showing {task.plan_id}, which is in force")
    tables = read_inputs(task.inputs, task.scenario, task.as_of)
    with planning_errors(policy, path):
        kept = keep_territories(
            tables.accounts,
            tables.reps,
            tables.overrides,
            with_estimates(policy, tables.estimates),
            _owners(settings),
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
        )
    write_scenario(
        task.out,
        scenario=task.scenario.name,
        plan_id=task.plan_id,
        as_of=task.as_of,
        policy=policy,
        accounts=tables.accounts,
        plan=kept.plan,
    )


def judged_tables(settings: Settings, tables: PlanningTables) -> PlanningTables:
    """The tables on which the verifier judges the plan of a run: those it was made of."""
    if settings.kept_plan_id is None:
        return tables
    from optimization.rebalance.keep import followed_overrides
    from optimization.rebalance.standing import stand

    owners = _owners(settings)
    return replace(
        tables,
        accounts=stand(tables.accounts, tables.reps, owners).accounts,
        overrides=followed_overrides(tables.overrides, owners),
    )


def _owners(settings: Settings) -> pl.DataFrame:
    assert settings.kept_plan_id is not None
    assignment = PlanStore(settings.data_dir).assignment(settings.kept_plan_id)
    return assignment.select("account_id", "rep_id")

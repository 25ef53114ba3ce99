"""Everything Dagster is told: assets, gates, the job and its schedule.

https://docs.dagster.io/guides/build/projects-and-components/definitions
"""

import os
from pathlib import Path

from dagster import (
    AssetSelection,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    in_process_executor,
)

from pipelines.assets.dbt import build_dbt_assets
from pipelines.assets.forecast import forecast_sales
from pipelines.assets.gates import build_gates
from pipelines.assets.ingest import SOURCE_FILES, ingested_tables
from pipelines.assets.metadata import metadata_tables
from pipelines.assets.plan import (
    DESCRIPTIONS,
    SCENARIO_ASSET,
    build_scenario_asset,
    planned_territories,
)
from pipelines.assets.rebalance import DESCRIPTIONS as REBALANCE_TABLES
from pipelines.assets.rebalance import rebalanced_territories
from pipelines.assets.release import release
from pipelines.assets.score import fitted_scores
from pipelines.assets.transition import transition_tables
from pipelines.assets.watch import build_drift_watch
from pipelines.assets.workspace import Project, Workspace
from pipelines.publish.contract import MART_TABLES
from pipelines.settings.loader import DEFAULT_CONFIG, scenario_names
from pipelines.settings.project import ProjectSettings
from pipelines.settings.validation import read_settings

RUN_JOB = "plan_territories"
REBALANCE_JOB = "rebalance_territories"
SOLVE_JOB = "solve_scenarios"
PUBLISH_JOB = "publish_scenarios"


def build_definitions(config: Path | None = None) -> Definitions:
    """The definitions for the project of `config`, from the manifest that set-up parsed.

    Args:
        config: its `project.yaml`; by default $TERRITORY_CONFIG, or the sample company's.

    Steps run in one process: each step of the multiprocess executor pays its imports again
    (10–16 s a step, 110 s against 32 s for a toy run).
    """
    config = config or Path(os.environ.get("TERRITORY_CONFIG") or DEFAULT_CONFIG).resolve()
    project = read_settings(config, ProjectSettings)
    scenarios = scenario_names(config.parent / project.policies)
    schedule, own = project.schedule, {"config": str(config)}
    before_score, before_plan, after_plan = build_dbt_assets()
    # A stuck run is ended by run monitoring instead of holding the lock for ever.
    tags = {"dagster/max_runtime": "7200"}
    # It solves its scenarios itself: with the partitioned asset in it, it would be one scenario's.
    job = define_asset_job(
        RUN_JOB,
        selection=AssetSelection.all() - AssetSelection.assets(SCENARIO_ASSET, *REBALANCE_TABLES),
        description="From CRM files to a published, balanced plan.",
        tags=tags,
    )
    solve_job = define_asset_job(
        SOLVE_JOB,
        selection=AssetSelection.assets(SCENARIO_ASSET),
        description="One scenario solved from the planning tables there are; a partition each.",
        tags=tags,
    )
    publish_job = define_asset_job(
        PUBLISH_JOB,
        # The gate before readers checks all marts, those that no plan changes included.
        selection=AssetSelection.assets(*DESCRIPTIONS).downstream()
        | AssetSelection.assets(*MART_TABLES),
        description="The solved scenarios united, checked and published; the others solved first.",
        tags=tags,
    )
    rebalance_job = define_asset_job(
        REBALANCE_JOB,
        selection=AssetSelection.assets(
            ingested_tables, before_score, fitted_scores, before_plan, rebalanced_territories
        ),
        description="New data against the chosen plan; a proposal where it has drifted.",
        tags=tags,
    )
    return Definitions(
        assets=[
            *SOURCE_FILES,
            ingested_tables,
            before_score,
            fitted_scores,
            before_plan,
            planned_territories,
            after_plan,
            rebalanced_territories,
            build_scenario_asset(scenarios),
            forecast_sales,
            transition_tables,
            metadata_tables,
            release,
        ],
        asset_checks=build_gates(),
        jobs=[job, rebalance_job, solve_job, publish_job],
        schedules=[
            ScheduleDefinition(
                name=name,
                job=started,
                cron_schedule=cron,
                execution_timezone=schedule.timezone,
                run_config={"resources": {"workspace": {"config": workspace}}},
            )
            for name, started, cron, workspace in (
                # The plan in force on new data; planning anew is for once a quarter.
                ("weekly_kpis", job, schedule.cron, {**own, "keeps_effective": True}),
                ("quarterly_plan", job, schedule.quarterly_cron, own),
                ("weekly_drift", rebalance_job, schedule.drift_cron, own),
            )
        ],
        sensors=[build_drift_watch(config, rebalance_job)],
        resources={
            "workspace": Workspace(config=str(config)),
            "project": Project(config=str(config)),
        },
        executor=in_process_executor,
    )


defs = build_definitions()

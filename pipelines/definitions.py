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
from pipelines.assets.plan import planned_territories
from pipelines.assets.rebalance import DESCRIPTIONS as REBALANCE_TABLES
from pipelines.assets.rebalance import rebalanced_territories
from pipelines.assets.release import release
from pipelines.assets.score import fitted_scores
from pipelines.assets.transition import transition_tables
from pipelines.assets.watch import build_drift_watch
from pipelines.assets.workspace import Workspace
from pipelines.settings.loader import DEFAULT_CONFIG
from pipelines.settings.project import ProjectSettings
from pipelines.settings.validation import read_settings

RUN_JOB = "plan_territories"
REBALANCE_JOB = "rebalance_territories"


def build_definitions(config: Path | None = None) -> Definitions:
    """The definitions for the project of `config`, from the manifest that set-up parsed.

    Args:
        config: its `project.yaml`; by default $TERRITORY_CONFIG, or the sample company's.

    Steps run in one process: each step of the multiprocess executor pays its imports again
    (10–16 s a step, 110 s against 32 s for a toy run).
    """
    config = config or Path(os.environ.get("TERRITORY_CONFIG") or DEFAULT_CONFIG).resolve()
    schedule = read_settings(config, ProjectSettings).schedule
    # A stuck run is ended by run monitoring instead of holding the lock for ever.
    tags = {"dagster/max_runtime": "7200"}
    before_score, before_plan, after_plan = build_dbt_assets()
    job = define_asset_job(
        RUN_JOB,
        selection=AssetSelection.all() - AssetSelection.assets(*REBALANCE_TABLES),
        description="From CRM files to a published, balanced plan.",
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
            forecast_sales,
            transition_tables,
            metadata_tables,
            release,
        ],
        asset_checks=build_gates(),
        jobs=[job, rebalance_job],
        schedules=[
            ScheduleDefinition(
                name=name, job=started, cron_schedule=cron, execution_timezone=schedule.timezone
            )
            for name, started, cron in (
                ("weekly_plan", job, schedule.cron),
                ("quarterly_plan", job, schedule.quarterly_cron),
                ("weekly_drift", rebalance_job, schedule.drift_cron),
            )
        ],
        sensors=[build_drift_watch(config, rebalance_job)],
        resources={"workspace": Workspace(config=str(config))},
        executor=in_process_executor,
    )


defs = build_definitions()

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
from pipelines.assets.release import release
from pipelines.assets.score import fitted_scores
from pipelines.assets.transition import transition_tables
from pipelines.assets.workspace import Workspace
from pipelines.settings.loader import DEFAULT_CONFIG
from pipelines.settings.project import ProjectSettings
from pipelines.settings.validation import read_settings

RUN_JOB = "plan_territories"


def build_definitions(config: Path | None = None) -> Definitions:
    """The definitions for the project of `config`, from the manifest that set-up parsed.

    Args:
        config: its `project.yaml`; by default $TERRITORY_CONFIG, or the sample company's.

    Steps run in one process: each step of the multiprocess executor pays its imports again
    (10–16 s a step, 110 s against 32 s for a toy run).
    """
    config = config or Path(os.environ.get("TERRITORY_CONFIG") or DEFAULT_CONFIG).resolve()
    schedule = read_settings(config, ProjectSettings).schedule
    job = define_asset_job(
        RUN_JOB,
        selection=AssetSelection.all(),
        description="From CRM files to a published, balanced plan.",
        # A stuck run is ended by run monitoring instead of holding the lock for ever.
        tags={"dagster/max_runtime": "7200"},
    )
    return Definitions(
        assets=[
            *SOURCE_FILES,
            ingested_tables,
            *build_dbt_assets(),
            fitted_scores,
            planned_territories,
            forecast_sales,
            transition_tables,
            metadata_tables,
            release,
        ],
        asset_checks=build_gates(),
        jobs=[job],
        schedules=[
            ScheduleDefinition(
                name="weekly_plan",
                job=job,
                cron_schedule=schedule.cron,
                execution_timezone=schedule.timezone,
            )
        ],
        resources={"workspace": Workspace(config=str(config))},
        executor=in_process_executor,
    )


defs = build_definitions()

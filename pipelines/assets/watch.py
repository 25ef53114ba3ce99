"""The sensor that sees new data, and starts the job that holds the chosen plan against them.

https://docs.dagster.io/guides/automate/sensors
"""

from pathlib import Path
from typing import Any

from dagster import (
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from pipelines.errors import TerritoryError

# Files are only listed, which takes milliseconds; a run takes a minute.
INTERVAL_SECONDS = 300


def build_drift_watch(config: Path, job: Any) -> SensorDefinition:
    """The sensor of the project of `config`, off until turned on; job: what it starts."""

    @sensor(name="drift_watch", job=job, minimum_interval_seconds=INTERVAL_SECONDS)
    def drift_watch(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        """Ask for a run when files, landed batches, settings or the chosen plan have changed."""
        from pipelines.keeping.chosen import chosen_plan
        from pipelines.keeping.news import fingerprint
        from pipelines.settings.loader import load_settings

        try:
            settings = load_settings(config)
            chosen = chosen_plan(settings.data_dir, settings.as_of)
        except TerritoryError as error:
            return SkipReason(str(error))
        now = fingerprint(settings)
        if now == context.cursor:
            return SkipReason("nothing new since the last look")
        context.update_cursor(now)
        return RunRequest(run_key=now, tags={"territory/chosen_plan": chosen.plan_id})

    return drift_watch

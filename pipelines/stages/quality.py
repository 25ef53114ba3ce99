"""Quality stage: look at what was read, compare it with the last good load, name what is odd."""

import hashlib
import json

from pipelines.ingest.ledger import Finding
from pipelines.progress import report
from pipelines.quality.baseline import Baseline, find_baseline, keep_load
from pipelines.quality.observe import observe
from pipelines.settings.loader import Settings
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session


def last_good_load(settings: Settings, input_digest: str) -> Baseline | None:
    """The load that input of this digest is compared with; None for the first of a project."""
    return find_baseline(WorkPaths(settings.data_dir).baseline, input_digest, origin(settings))


def observe_input(
    settings: Settings, context: RunContext, baseline: Baseline | None
) -> list[Finding]:
    """Enter findings and drift of the raw tables into the working database; return the findings.

    Nothing here stops a run: that is for the gate that reads `meta_drift` afterwards.
    """
    report("Looking at what was read")
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        return observe(
            connection,
            baseline,
            settings.project.drift,
            as_of=context.as_of,
            is_as_of_given=settings.as_of is not None,
            run_id=context.run_id,
        )


def keep_good_load(settings: Settings, context: RunContext) -> None:
    """Keep the load in the working database, whose plan was published, for the next to compare."""
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        keep_load(connection, paths.baseline, context.input_digest, origin(settings))


def origin(settings: Settings) -> str:
    """A hash of where input comes from: a sample of another size, another mapping is no drift.

    Folders are left out: many exports lie in a new one each day.
    """
    sample = settings.project.sample
    parts = {
        "name": settings.project.name,
        "sample": sample.model_dump(mode="json") if sample else None,
        "mappings": [source.mapping.name for source in settings.sources.values()],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

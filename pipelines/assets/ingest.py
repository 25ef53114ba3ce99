"""Source files and the raw tables they land in.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.ingest.entities import ENTITIES
from pipelines.publish.contract import META_TABLES
from pipelines.stages.ingest import ingest
from pipelines.stages.quality import last_good_load, observe_input

OWNERS = ["team:data-engineering"]

SOURCE_FILES = [
    AssetSpec(
        key=f"source_{entity.source}__{entity.name}",
        group_name="source_files",
        owners=OWNERS,
        kinds={"file"},
        description=f"The export that the mapping of source '{entity.source}' names for "
        f"'{entity.name}'; changed outside this pipeline.",
    )
    for entity in ENTITIES.values()
]

RAW_TABLES = [
    AssetSpec(
        key=entity.table,
        deps=[f"source_{entity.source}__{entity.name}"],
        group_name="ingest",
        owners=OWNERS,
        kinds={"duckdb"},
        description=f"Grain: one loaded row of the export of '{entity.name}', as canonical text.",
    )
    for entity in ENTITIES.values()
]

LOAD_TABLES = [
    AssetSpec(
        key=name,
        deps=SOURCE_FILES,
        group_name="ingest",
        owners=OWNERS,
        kinds={"duckdb"},
        description=META_TABLES[name],
    )
    for name in (
        *("quarantined_row", "record_history", "custom_field", "meta_load"),
        *("meta_finding_row", "meta_drift"),
    )
]

TABLES = [spec.key.to_user_string() for spec in (*RAW_TABLES, *LOAD_TABLES)]


@multi_asset(name="ingest", specs=[*RAW_TABLES, *LOAD_TABLES])
def ingested_tables(
    context: AssetExecutionContext, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Read every source into a fresh working database, as text, with quarantine and findings."""
    # The clock only keeps dates of the future from becoming the planning date.
    run, _ = ingest(workspace.own_settings, today=date.today())
    observe_input(workspace.settings, run, last_good_load(workspace.settings, run.input_digest))
    context.log.info(f"{run.run_id}: planning date {run.as_of.isoformat()}")
    yield from materialized(workspace.paths.warehouse, TABLES)

"""First stage: read every source into a fresh working database and name the run."""

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import GateError, InputError
from pipelines.ingest import (
    IngestResult,
    ingest_sources,
    input_digest,
    latest_business_date,
)
from pipelines.ingest.ledger import LEDGER_TABLES
from pipelines.metadata.version import code_version
from pipelines.progress import report
from pipelines.publish import recover
from pipelines.settings.loader import Settings
from pipelines.settings.project import SampleSettings
from pipelines.stages.connections import current_sources
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.scenarios import scenario_digests
from pipelines.warehouse import session

SAMPLE_STAMP = ".sample.json"


def ingest(settings: Settings, *, today: date) -> tuple[RunContext, IngestResult]:
    """Land all sources as `raw_*` tables in a new working database and identify the run.

    Args:
        today: only guards against dates in the future when the planning date is derived.

    Raises:
        InputError: a file or column cannot be trusted, or no planning date can be derived.
        GateError: too large a share of a file's rows was quarantined.
    """
    paths = WorkPaths(settings.data_dir)
    recover(settings.data_dir)
    if settings.project.sample is not None:
        ensure_sample(settings.project.sample, settings.data_dir / "input")
    make_private(paths.work)
    paths.context.unlink(missing_ok=True)
    # A process that still holds the old file keeps its inode and cannot block the new one.
    for stale in (paths.warehouse, paths.warehouse.with_name("warehouse.duckdb.wal")):
        stale.unlink(missing_ok=True)
    shutil.rmtree(paths.plans, ignore_errors=True)
    # Drive times are read here, too, so a faulty file is told of before anything else is done.
    digests = scenario_digests(settings)
    sources = current_sources(settings)
    digest = input_digest(sources)
    # The planning date is read from the data, so rows are stamped with the name of the input.
    load_id = "load_" + digest[:16]
    with session(paths.warehouse) as connection:
        try:
            result = ingest_sources(
                connection,
                sources,
                rates=settings.project.rates,
                run_id=load_id,
                max_quarantined_share=settings.project.thresholds.max_quarantined_share,
                progress=report,
            )
        except GateError:
            # What was rejected is what somebody now wants to look at.
            _archive_quarantine(connection, paths, load_id)
            raise
        as_of = settings.as_of or latest_business_date(connection, today)
        if as_of is None:
            raise InputError(
                f"{settings.config_path}: no business date in the data to plan from (no dated "
                "opportunity or activity); set 'as_of'"
            )
        context = RunContext.identify(
            as_of=as_of,
            input_digest=digest,
            scenario_digests=digests,
            code=code_version(),
        )
        for table in LEDGER_TABLES:
            connection.execute(f"UPDATE {table} SET run_id = ?", [context.run_id])
        _archive_quarantine(connection, paths, context.run_id)
    context.save(paths)
    return context, result


def _archive_quarantine(
    connection: duckdb.DuckDBPyConnection, paths: WorkPaths, run_id: str
) -> None:
    archive = paths.quarantine / run_id
    make_private(paths.quarantine)
    make_private(archive)
    target = str(archive / "quarantined_row.parquet").replace("'", "''")
    connection.execute(
        "COPY (SELECT * FROM quarantined_row ORDER BY ALL) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def make_private(folder: Path) -> None:
    """Make `folder` for its owner alone: working files and rejected rows hold pay data."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def ensure_sample(sample: SampleSettings, folder: Path) -> None:
    """Generate the sample company into `folder` unless exactly this one is there already."""
    from pipelines.sample import CompanySettings, generate_company, generator_version

    stamp = folder / SAMPLE_STAMP
    wanted = sample.model_dump(mode="json") | {"generator": generator_version()}
    if stamp.is_file() and json.loads(stamp.read_text()) == wanted:
        return
    if folder.exists() and not stamp.is_file() and any(folder.iterdir()):
        raise InputError(
            f"{folder}: holds files that the sample generator did not write; move them away, or "
            "remove 'sample' from the project settings to plan with them"
        )
    # Built beside and renamed: an interrupted generation leaves nothing that looks complete.
    building = folder.with_name(folder.name + ".building")
    shutil.rmtree(building, ignore_errors=True)
    generate_company(
        CompanySettings(
            accounts=sample.accounts,
            reps=sample.reps,
            seed=sample.seed,
            as_of=sample.as_of,
            dirt=sample.dirt,
            out=building,
        ),
        report,
    )
    (building / SAMPLE_STAMP).write_text(json.dumps(wanted, indent=2) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)

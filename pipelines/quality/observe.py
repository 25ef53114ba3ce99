"""All observations on one load, in one transaction."""

from datetime import date

import duckdb

from pipelines.ingest.ledger import Finding, record_findings
from pipelines.quality.baseline import Baseline
from pipelines.quality.categories import find_spellings
from pipelines.quality.changes import find_changes
from pipelines.quality.columns import TABLES
from pipelines.quality.custom_fields import find_custom_field_defects
from pipelines.quality.drift import find_drift
from pipelines.quality.duplicates import find_duplicates
from pipelines.quality.profile import profile_load
from pipelines.quality.record_defects import (
    find_future_dates,
    find_gaps,
    find_isolated_dates,
    find_misplaced_states,
    find_unknown_cities,
    find_unowned,
)
from pipelines.quality.text_defects import find_text_defects
from pipelines.settings.project import DriftSettings


def observe(
    connection: duckdb.DuckDBPyConnection,
    baseline: Baseline | None,
    drift: DriftSettings,
    *,
    as_of: date,
    is_as_of_given: bool,
    run_id: str,
) -> list[Finding]:
    """Enter findings and drift of the raw tables into their tables; return the findings.

    Args:
        connection: the working database after the ingest.
        baseline: the last good load, if there is one.
        is_as_of_given: otherwise the planning date hangs on the latest dates, which are looked at.
    """
    connection.begin()
    findings: list[Finding] = []
    for entity in TABLES:
        findings += find_text_defects(connection, entity, run_id)
        findings += find_spellings(connection, entity, run_id)
        findings += find_gaps(connection, entity, run_id)
    findings += find_custom_field_defects(connection, run_id)
    findings += find_duplicates(connection, run_id)
    findings += find_misplaced_states(connection, run_id)
    findings += find_unknown_cities(connection, run_id)
    findings += find_unowned(connection, run_id)
    findings += find_future_dates(connection, as_of, run_id)
    if not is_as_of_given:
        findings += find_isolated_dates(connection, as_of, run_id)
    profile_load(connection)
    if baseline is not None:
        findings += find_changes(connection, baseline, run_id)
    find_drift(connection, baseline, drift, as_of=as_of, run_id=run_id)
    record_findings(connection, findings, run_id)
    connection.commit()
    return findings

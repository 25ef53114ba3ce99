"""What the release says of itself, written when every other table stands."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.metadata import RunFacts, write_metadata
from pipelines.progress import report
from pipelines.settings.loader import Settings
from pipelines.stages.history import extend_history
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.transform import MANIFEST, PARTS, target_path
from pipelines.warehouse import session

# Findings are observed at three places and read in one.
_COLLECT_FINDINGS = """
    INSERT INTO meta_finding BY NAME
    SELECT
        concat_ws(':', rule, table_name, column_name, record_id, scenario) AS finding_id,
        severity, rule, table_name, column_name, record_id, affected_rows,
        concat_ws(': ', 'scenario ' || scenario, message) AS message,
        $run_id AS run_id
    FROM (
        SELECT severity, rule, table_name, column_name, record_id, affected_rows, message,
               NULL::VARCHAR AS scenario
        FROM int_finding__account
        UNION ALL BY NAME
        -- What is noticed of the chosen plan reads the same whether others stand beside it or not.
        SELECT severity, rule, 'plan_assignment' AS table_name, NULL AS column_name, record_id,
               affected_rows, message, nullif(scenario, $chosen) AS scenario
        FROM plan_finding
    )
    -- What the look at the input has found already, with its rows, is not said twice.
    WHERE concat_ws(':', rule, table_name, column_name, record_id) NOT IN (
        SELECT finding_id FROM meta_finding
    )
    AND concat_ws(':', rule, table_name, column_name) NOT IN (
        SELECT finding_id FROM meta_finding_row
    )
"""


# Each repair is a row; where everybody was located by postal code, that is one row an account.
_COLLECT_REPAIRS = """
    INSERT INTO meta_finding_row BY NAME
    SELECT concat_ws(':', rule, table_name, column_name) AS finding_id, table_name, column_name,
        rule, record_id, row_number, left(value, 200) AS value,
        left(repaired_value, 200) AS repaired_value, $run_id AS run_id
    FROM int_finding__repair
    ORDER BY table_name, column_name, rule, record_id
"""
_SUM_UP_REPAIRS = """
    INSERT INTO meta_finding BY NAME
    SELECT concat_ws(':', rule, table_name, column_name) AS finding_id, 'info' AS severity, rule,
        table_name, column_name, count(*) AS affected_rows,
        count(*) || ' rows of ' || table_name || ': the source''s text is read as another value, '
        || 'or a place is looked up (' || replace(rule, '_', ' ') || '); meta_finding_row has both'
        AS message,
        $run_id AS run_id
    FROM int_finding__repair GROUP BY rule, table_name, column_name
    ORDER BY finding_id
"""


def describe_run(
    settings: Settings,
    context: RunContext,
    *,
    started_at: datetime,
    finished_at: datetime,
    step_seconds: Mapping[str, float],
) -> None:
    """Collect the findings and write the `meta_*` tables of the run.

    Args:
        started_at, finished_at, step_seconds: the only wall-clock values of a release; they are
            in `meta_run` and nowhere else.
    """
    report("Writing metadata and lineage")
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        _collect_findings(connection, context)
        extend_history(connection, context, settings.data_dir)
        write_metadata(
            connection,
            MANIFEST,
            RunFacts(
                run_id=context.run_id,
                plan_id=context.plan_id,
                scenario=context.scenario,
                as_of=context.as_of,
                started_at=started_at,
                finished_at=finished_at,
                code_version=context.code_version,
                settings_digest=context.settings_digest,
                input_digest=context.input_digest,
                step_seconds=step_seconds,
            ),
            dbt_targets=[target_path(paths, part) for part in PARTS],
            mappings=_mappings(settings),
        )


def _mappings(settings: Settings) -> list[Path]:
    return [source.mapping for source in settings.sources.values()]


def _collect_findings(connection: duckdb.DuckDBPyConnection, context: RunContext) -> None:
    connection.execute(_COLLECT_FINDINGS, {"run_id": context.run_id, "chosen": context.scenario})
    connection.execute(_COLLECT_REPAIRS, {"run_id": context.run_id})
    connection.execute(_SUM_UP_REPAIRS, {"run_id": context.run_id})

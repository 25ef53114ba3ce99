"""Gate stages: run the expectations of a stage, record every outcome, stop on a blocking one."""

from collections.abc import Sequence
from typing import Literal

from expectations import CheckExecutionError, CheckSpec, SuiteError, check_specs, run_suites
from pipelines.errors import ConfigurationError, GateError, TerritoryError
from pipelines.progress import report
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow, append_check_results
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

Stage = Literal["raw", "publish"]


def declared_checks(stage: Stage) -> list[CheckSpec]:
    """The checks of `stage` before anything runs; raises ConfigurationError for a faulty suite."""
    try:
        return check_specs(stage)
    except SuiteError as error:
        raise ConfigurationError(str(error)) from None


def run_expectations(
    settings: Settings, context: RunContext, stage: Stage, *, names_rows: bool = False
) -> list[CheckRow]:
    """Run the Great Expectations suites of `stage`, record and return every check.

    Args:
        names_rows: also name every offending row of the failed checks, where the rule is about
            rows; costs a query each.

    Raises:
        ConfigurationError: a suite does not fit the tables.
        TerritoryError: a check could not be evaluated, which is neither passed nor failed.
    """
    paths = WorkPaths(settings.data_dir)
    report(f"Checking {stage} tables")
    try:
        results = run_suites(paths.warehouse, stage, names_rows=names_rows)
    except SuiteError as error:
        raise ConfigurationError(str(error)) from None
    except CheckExecutionError as error:
        raise TerritoryError(str(error)) from None
    rows = [
        CheckRow(
            gate="great_expectations",
            check_name=result.check_name,
            table_name=result.table_name,
            column_name=result.column_name,
            expectation_type=result.expectation_type,
            severity="error" if result.severity == "error" else "warning",
            passed=result.passed,
            observed_value=result.observed_value,
            threshold=result.threshold,
            rows_affected=result.rows_affected,
            sample_json=result.sample,
            message=result.message,
            rows=result.rows,
        )
        for result in results
    ]
    with session(paths.warehouse) as connection:
        append_check_results(connection, context.run_id, rows)
    return rows


def stop_on_failed_checks(rows: Sequence[CheckRow]) -> None:
    """Raise GateError naming the blocking checks that failed, if any."""
    failed = [row for row in rows if row.severity == "error" and not row.passed]
    if failed:
        raise GateError(
            f"{len(failed)} blocking check{'s' * (len(failed) > 1)} failed: "
            + "; ".join(
                f"{row.table_name}"
                + (f".{row.column_name}" if row.column_name else "")
                + f": {row.message} ({row.rows_affected} rows"
                + (f", e.g. {row.sample_json[:120]}" if row.sample_json else "")
                + ")"
                for row in failed[:5]
            )
            + "; nothing was published"
        )

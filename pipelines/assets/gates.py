"""The quality gates as asset checks: Great Expectations on both ends, the plan verifier between.

A failed blocking check ends the run before anything after it starts, so nothing is published.
https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Iterable, Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    multi_asset_check,
)

from pipelines.assets.workspace import Workspace
from pipelines.stages.check_results import CheckRow
from pipelines.stages.gates import Stage, declared_checks, run_expectations, stop_on_failed_checks
from pipelines.stages.overlays import OVERLAY_TABLES, overlay_rules
from pipelines.stages.plan import verified_rules, verify


def build_gates() -> list[AssetChecksDefinition]:
    """The gates in the order a run meets them."""
    return [_expectation_gate("raw"), _plan_verifier(), _expectation_gate("publish")]


def _expectation_gate(stage: Stage) -> AssetChecksDefinition:
    @multi_asset_check(
        name=f"expectations_{stage}",
        specs=[
            AssetCheckSpec(
                name=spec.check_name,
                asset=spec.asset_name,
                description=spec.description,
                blocking=spec.blocking,
            )
            for spec in declared_checks(stage)
        ],
        compute_kind="great_expectations",
    )
    def gate(
        context: AssetCheckExecutionContext,  # noqa: ARG001
        workspace: Workspace,
    ) -> Iterator[AssetCheckResult]:
        rows = run_expectations(workspace.settings, workspace.run, stage)
        yield from _as_results(rows)
        stop_on_failed_checks(rows)

    return gate


def _plan_verifier() -> AssetChecksDefinition:
    @multi_asset_check(
        name="plan_verifier",
        specs=[
            AssetCheckSpec(
                name=f"verify_{rule}",
                asset="plan_assignment",
                description=description,
                blocking=True,
                # The floor and the certificate are verified beside the assignment.
                additional_deps=["plan_summary", "plan_target", "plan_metric"],
            )
            for rule, description in verified_rules().items()
        ]
        + [
            AssetCheckSpec(
                name=f"verify_{rule}",
                asset=OVERLAY_TABLES[0],
                description=description,
                blocking=True,
                additional_deps=OVERLAY_TABLES[1:],
            )
            for rule, description in overlay_rules().items()
        ],
        compute_kind="python",
    )
    def gate(
        context: AssetCheckExecutionContext,  # noqa: ARG001
        workspace: Workspace,
    ) -> Iterator[AssetCheckResult]:
        rows = verify(workspace.settings, workspace.run)
        yield from _as_results(rows)
        stop_on_failed_checks(rows)

    return gate


def _as_results(rows: Iterable[CheckRow]) -> Iterator[AssetCheckResult]:
    for row in rows:
        yield AssetCheckResult(
            asset_key=row.table_name,
            check_name=row.check_name,
            passed=row.passed,
            severity=AssetCheckSeverity.ERROR
            if row.severity == "error"
            else AssetCheckSeverity.WARN,
            metadata={
                "observed value": row.observed_value or "",
                "threshold": row.threshold or "",
                "rows affected": row.rows_affected,
                "sample": row.sample_json or "[]",
                "message": row.message,
            },
        )

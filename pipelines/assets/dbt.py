"""The dbt models as assets and their tests as asset checks, in three parts around models and plan.

https://docs.dagster.io/integrations/libraries/dbt
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
)
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.stages.transform import PARTS, Part, load_manifest, stop_on_failed_tests, transform

# Each layer of models is a group; who answers for it is one decision, made here.
LAYER_OWNERS = {
    "staging": "team:data-engineering",
    "intermediate": "team:revenue-analytics",
    "scores": "team:revenue-analytics",
    "planning": "team:revenue-analytics",
    "marts": "team:sales-operations",
}


class LayerTranslator(DagsterDbtTranslator):
    """One name for asset, model and table; the folder of a model is its group."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> AssetSpec:
        """The spec of a model or source, keyed by its table name."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
        layer = node["fqn"][1] if node["resource_type"] == "model" else None
        if layer is None:
            return spec
        return spec.replace_attributes(
            key=node["name"],
            group_name=layer,
            owners=[LAYER_OWNERS[layer]],
            # dagster-dbt would put the beginning of the SQL below it, cut off within a word.
            description=node["description"],
            kinds={"dbt", "duckdb"},
        )

    def get_asset_check_spec(
        self,
        asset_spec: AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> AssetCheckSpec | None:
        """A test of severity error blocks what comes after the table it tests."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        severity = str(manifest["nodes"][unique_id]["config"].get("severity", "error"))
        return spec._replace(blocking=severity.lower() == "error")


def build_dbt_assets() -> list[AssetsDefinition]:
    """The models of each part, from the manifest that set-up parsed."""
    manifest = load_manifest()
    return [_part_assets(manifest, part) for part in PARTS]


def _part_assets(manifest: Mapping[str, Any], part: Part) -> AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        select=f"tag:{part}",
        exclude="resource_type:unit_test",
        name=f"dbt_{part}",
        dagster_dbt_translator=LayerTranslator(),
    )
    def models(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Any]:
        outcome = transform(workspace.settings, workspace.run, part)
        yield from materialized(workspace.paths.warehouse, outcome.models)
        specs = {key.name: key for key in context.selected_asset_check_keys}
        for test in outcome.tests:
            if test.check_name in specs:
                yield AssetCheckResult(
                    asset_key=specs[test.check_name].asset_key,
                    check_name=test.check_name,
                    passed=test.passed,
                    severity=AssetCheckSeverity.ERROR
                    if test.severity == "error"
                    else AssetCheckSeverity.WARN,
                    metadata={
                        "observed value": test.observed_value,
                        "threshold": test.threshold,
                        "rows affected": test.rows_affected,
                        "sample": test.sample_json or "[]",
                        "message": test.message,
                    },
                )
        stop_on_failed_tests(outcome)

    return models

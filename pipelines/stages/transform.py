"""Run a part of the dbt project inside this process, from the manifest parsed at set-up.

Each `dbt` command line costs about 5 s of start-up and parsing; the runner with a ready manifest
costs 1 s for the first part of a run and 0.1 s for the next (measured on 2 cores).
"""

import json
import os
from collections.abc import Mapping, Set
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.errors import ConfigurationError, GateError, TerritoryError
from pipelines.progress import report
from pipelines.settings.loader import PROJECT_ROOT, Settings
from pipelines.stages.check_results import CheckRow, append_check_results
from pipelines.stages.dbt_samples import read_sample, restricted_models, tested_table
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
MANIFEST = DBT_PROJECT / "target" / "manifest.json"
PARSED_MANIFEST = DBT_PROJECT / "target" / "partial_parse.msgpack"

Part = Literal["pre_score", "pre_plan", "post_plan"]
PARTS: tuple[Part, ...] = ("pre_score", "pre_plan", "post_plan")
WHAT_A_PART_DOES = {
    "pre_score": "Uniting sources",
    "pre_plan": "Scoring accounts and reps",
    "post_plan": "Building the published tables",
}


@dataclass(frozen=True)
class TransformOutcome:
    """What a part of the dbt project did: the models it built and the tests it ran."""

    models: tuple[str, ...]
    tests: tuple[CheckRow, ...]


def transform(
    settings: Settings, context: RunContext, part: Part, *, is_tested: bool = True
) -> TransformOutcome:
    """Build and test the models tagged `part`; test results are appended to `meta_check_result`.

    Failed tests are in the outcome and in the table, for the caller to stop on after it has told
    of them (`stop_on_failed_tests`).

    Args:
        is_tested: False leaves the dbt tests out, to measure the models alone.

    Raises:
        ConfigurationError: the project was not parsed at set-up.
        TerritoryError: a model failed to build.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    if not PARSED_MANIFEST.is_file():
        raise ConfigurationError(
            f"{PARSED_MANIFEST}: the dbt project is not parsed; run `make setup` "
            "(or `dbt parse --project-dir dbt_project --profiles-dir dbt_project`)"
        )
    report(WHAT_A_PART_DOES[part])
    paths = WorkPaths(settings.data_dir)
    logs = settings.data_dir / "logs" / "dbt"
    os.environ["TERRITORY_WAREHOUSE"] = str(paths.warehouse)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    manifest = Manifest.from_msgpack(PARSED_MANIFEST.read_bytes())
    restricted = restricted_models(manifest.nodes)
    result = dbtRunner(manifest=manifest).invoke(
        [
            *("--quiet", "--no-use-colors", "--log-level", "none", "--log-path", str(logs)),
            # Nobody reads dbt's artefacts of a run; the compiled SQL is written all the same.
            "--no-write-json",
            *("build", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--target-path", str(target_path(paths, part))),
            *("--select", f"tag:{part}", "--exclude", "resource_type:unit_test"),
            *(() if is_tested else ("resource_type:test",)),
            *("--vars", json.dumps(dbt_vars(settings, context))),
        ]
    )
    if result.exception is not None and not isinstance(result.exception, Exception):
        # An interrupt: dbt hands it back instead of ending.
        raise result.exception
    if result.exception is not None:
        raise TerritoryError(f"dbt ({part}): {' '.join(str(result.exception).split())}")
    outcomes: list[Any] = list(result.result)  # type: ignore[arg-type]
    with session(paths.warehouse) as connection:
        tests = tuple(
            _check_row(connection, item, restricted)
            for item in outcomes
            # What dbt skips, since a test before it failed, has no outcome.
            if item.node.resource_type == "test" and str(item.status) != "skipped"
        )
        append_check_results(connection, context.run_id, tests)
    for item in outcomes:
        if str(item.status) == "error":
            raise TerritoryError(
                f"dbt {item.node.resource_type} '{item.node.name}' "
                f"({item.node.original_file_path}): {' '.join(str(item.message).split())}"
            )
    return TransformOutcome(
        models=tuple(i.node.name for i in outcomes if i.node.resource_type == "model"),
        tests=tests,
    )


def target_path(paths: WorkPaths, part: Part) -> Path:
    """Where a part leaves its compiled SQL, which the lineage is read from."""
    return paths.work / "dbt_target" / part


def stop_on_failed_tests(outcome: TransformOutcome) -> None:
    """Raise GateError naming the blocking dbt tests that failed, if any."""
    failed = [test for test in outcome.tests if test.severity == "error" and not test.passed]
    if failed:
        raise GateError(
            f"{len(failed)} dbt test{'s' * (len(failed) > 1)} failed: "
            + "; ".join(f"{t.table_name}: {t.check_name} ({t.message})" for t in failed[:5])
            + "; nothing was published"
        )


def dbt_vars(settings: Settings, context: RunContext) -> dict[str, Any]:
    """The variables of one run: the scoring constants and what identifies the run."""
    return {
        **settings.scoring.dbt_vars(),
        "as_of": context.as_of.isoformat(),
        "scenario": context.scenario,
        "derive_owner": settings.project.derive_owner,
    }


def load_manifest(path: Path = MANIFEST, project: Path = DBT_PROJECT) -> Mapping[str, Any]:
    """The manifest of the dbt project as written by `dbt parse`.

    Raises:
        ConfigurationError: there is none, or it was parsed from other models than stand in
            `project`; Dagster would tell of missing asset keys, and dbt would run the old SQL.
    """
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: the dbt project is not parsed; run `make setup`"
        ) from None
    except json.JSONDecodeError:
        raise ConfigurationError(f"{path} is cut off; remove it and run `make setup`") from None
    changed = _changed_models(content, project)
    if changed:
        shown = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
        raise ConfigurationError(
            f"{path} was parsed before {len(changed)} of the models changed ({shown}); "
            "run `make setup` (or `dbt parse --project-dir dbt_project --profiles-dir dbt_project`)"
        )
    return content


def _changed_models(manifest: Mapping[str, Any], project: Path) -> list[str]:
    """Models that are new, gone, or not what the manifest was parsed from; 73 files in 5 ms."""
    parsed = {
        node["original_file_path"]: node["checksum"]["checksum"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    found = {
        # dbt takes the digest of the text without the blanks around it.
        file.relative_to(project).as_posix(): sha256(file.read_bytes().strip()).hexdigest()
        for file in (project / "models").rglob("*.sql")
    }
    names = parsed.keys() | found.keys()
    return sorted(Path(name).stem for name in names if parsed.get(name) != found.get(name))


def _check_row(connection: duckdb.DuckDBPyConnection, item: Any, restricted: Set[str]) -> CheckRow:
    """A dbt test result as a row of `meta_check_result`, with a sample where it failed."""
    node = item.node
    failures = int(item.failures or 0)
    metadata = getattr(node, "test_metadata", None)
    return CheckRow(
        gate="dbt",
        check_name=node.name,
        table_name=tested_table(node),
        column_name=getattr(node, "column_name", None),
        expectation_type=metadata.name if metadata else "singular",
        severity="warning" if str(node.config.severity).lower() == "warn" else "error",
        passed=str(item.status) == "pass",
        observed_value=str(failures),
        threshold="0",
        rows_affected=failures,
        sample_json=read_sample(connection, node, restricted) if failures else None,
        message=str(item.message or ""),
    )

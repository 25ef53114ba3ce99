"""Make a plan again from its record, in a folder of its own, and compare the two assignments."""

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import yaml

from pipelines.errors import GateError, InputError
from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.record import CHOSEN_NAME, POLICY_NAME, SETTINGS_NAME
from pipelines.settings.loader import Settings, load_settings
from pipelines.stages.connections import landed_sources
from pipelines.stages.ingest import ensure_sample, ingest
from pipelines.stages.landed_inputs import has_landed_files, recorded_sources
from pipelines.stages.plan import plan, read_planning_tables
from pipelines.stages.planner import travel_matrix_path
from pipelines.stages.rebalance import propose
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.score import score
from pipelines.stages.transform import transform
from pipelines.warehouse import session

_NAMED = 5


def reproduce_plan(settings: Settings, store: PlanStore, plan_id: str) -> list[str]:
    """Plan again what the record of `plan_id` says; returns what was found, in sentences.

    Args:
        settings: say where the input lies; everything else comes from the record.

    Raises:
        InputError: an input is not the one the plan was made of; the message names it.
        GateError: the assignment differs.
    """
    record = store.record(plan_id)
    recorded = store.assignment(plan_id)
    if settings.project.sample is not None:
        ensure_sample(settings.project.sample, settings.data_dir / "input")
    with tempfile.TemporaryDirectory(prefix="territory-reproduce-") as name:
        scratch = Path(name)
        again = _recorded_settings(settings, store, record, scratch)
        context, _ = ingest(again, today=date.max)
        warehouse = WorkPaths(again.data_dir).warehouse
        if context.input_digest != record.input_digest:
            with session(warehouse) as connection:
                raise InputError(
                    _differing_input(connection, record) + _why_landed(settings, store, plan_id)
                )
        if (
            again.policy.travel.matrix is not None
            and context.settings_digest != record.settings_digest
            and context.code_version == record.code_version
        ):
            raise InputError(
                f"the drive times are not those {plan_id} was made of: "
                f"{again.policy.travel.matrix.file} differs. Restore it, or plan anew"
            )
        if context.as_of != record.as_of:
            raise InputError(
                f"{plan_id} was planned for {record.as_of}, the input now gives {context.as_of}"
            )
        transform(again, context, "pre_score", is_tested=False)
        score(again, context)
        transform(again, context, "pre_plan", is_tested=False)
        # dbt keeps the working database open until its process ends; the planner only reads it.
        found = _owners_again(again, context, store.folder / plan_id, record)
    wanted = dict(recorded.select("account_id", "rep_id").iter_rows())
    code = "" if context.code_version == record.code_version else (
        f" The code differs: {context.code_version} now, {record.code_version} then."
    )  # fmt: skip
    differing = sorted(a for a in wanted.keys() | found.keys() if wanted.get(a) != found.get(a))
    if differing:
        raise GateError(
            f"{plan_id} is not reproduced: {len(differing):,} of {len(wanted):,} accounts have "
            f"another rep ({', '.join(differing[:_NAMED])}…).{code}"
            + ("" if record.figures.get("is_repeatable", True) else
               " Its solver was stopped by the clock or by hand.")
        )  # fmt: skip
    return [f"{plan_id} is reproduced: all {len(wanted):,} accounts have the rep they had.{code}"]


def _owners_again(
    again: Settings, context: RunContext, folder: Path, record: PlanRecord
) -> dict[str, str | None]:
    """The rep of each account, planned again; of a rebalancing from the plan it was made from."""
    warehouse = WorkPaths(again.data_dir).warehouse
    if record.rebalanced_from is None:
        plan(again, context, is_studied=False)
        with session(warehouse) as connection:
            query = "SELECT account_id, rep_id FROM plan_assignment"
            return dict(connection.execute(query).fetchall())
    with session(warehouse) as connection:
        tables = read_planning_tables(connection, again, context)
    chosen = pl.read_parquet((folder / CHOSEN_NAME).read_bytes())
    assignment = propose(tables, again.policy, str(again.policy_path), chosen).plan.assignment
    return dict(assignment.select("account_id", "rep_id").iter_rows())


def _recorded_settings(
    settings: Settings, store: PlanStore, record: PlanRecord, scratch: Path
) -> Settings:
    """The recorded settings and policy as files in `scratch`, on the input of `settings`."""
    folder = store.folder / record.plan_id
    content = json.loads((folder / SETTINGS_NAME).read_text("utf-8"))
    policies = scratch / "policies"
    policies.mkdir()
    policy = policies / f"{record.scenario}.yaml"
    shutil.copyfile(folder / POLICY_NAME, policy)
    (scratch / "scoring.yaml").write_text(yaml.safe_dump(content["scoring"]), "utf-8")
    project = content["project"] | {
        "data_dir": "data",
        "scoring": "scoring.yaml",
        "policies": "policies",
        "as_of": content["as_of"],
        "scenario": record.scenario,
        "scenarios": [],
        "sources": {
            name: {"mapping": str(source.mapping)} for name, source in settings.sources.items()
        },
    }
    config = scratch / "project.yaml"
    config.write_text(yaml.safe_dump(project), "utf-8")
    again = load_settings(config)
    matrix = travel_matrix_path(again.policy, again.policy_path)
    original = travel_matrix_path(again.policy, settings.policy_path)
    if matrix is not None and original is not None and not matrix.exists() and original.is_file():
        matrix.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, matrix)
    read = (
        recorded_sources(settings, folder) if has_landed_files(folder) else landed_sources(settings)
    )
    sources = dict(zip(settings.sources, read, strict=True))
    return dataclasses.replace(again, sources=sources, connectors={})


def _why_landed(settings: Settings, store: PlanStore, plan_id: str) -> str:
    """Why what a connection brought is not there any more, where that may be the reason."""
    if not settings.connectors or has_landed_files(store.folder / plan_id):
        return ""
    return (
        f". The tables that connections had brought are not kept with {plan_id}: of drafts and "
        "proposals only the newest retention.landed_inputs keep them, approved plans always"
    )


def _differing_input(connection: duckdb.DuckDBPyConnection, record: PlanRecord) -> str:
    """Which input is not the recorded one."""
    found = {
        (table, digest): file
        for table, file, digest in connection.execute(
            "SELECT source_table, source_file, file_sha256 FROM meta_load"
        ).fetchall()
    }
    known = {(item.table, item.sha256): item.file for item in record.inputs}
    named = list(_named(known.keys() - found.keys(), known, found))
    named += [
        f"{found[key]} ({key[0]}) was not part of it"
        for key in sorted(found.keys() - known.keys())
        if key[0] not in {table for table, _ in known.keys() - found.keys()} and key[1]
    ]
    what = "; ".join(named[:_NAMED]) or ("no file that is read; so a mapping differs")
    return (
        f"the input is not the one {record.plan_id} was made of: {what}. Restore it, or plan anew"
    )


def _named(
    lost: set[tuple[str, str]],
    known: dict[tuple[str, str], str],
    found: dict[tuple[str, str], str],
) -> Iterator[str]:
    tables = {table for table, _ in found}
    for table, digest in sorted(lost):
        how = "differs" if table in tables else "is missing"
        yield f"{known[table, digest]} ({table}) {how}"

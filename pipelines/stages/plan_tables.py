"""The `plan_*` tables: each scenario's as Parquet, all of them in the working database.

The planner's binding limits stand in `plan_shadow_price`, because the published `plan_binding` is
made of them by dbt, and one database holds one table of a name.
"""

import glob
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.publish.snapshot import literal
from pipelines.stages.overlays import OVERLAY_TABLES

if TYPE_CHECKING:
    from optimization import Plan, Policy
    from optimization.report.result import Schema

# Table of the working database: the planner's and the verifier's name of it.
FRAMES = {
    "plan_assignment": "plan_assignment",
    "plan_summary": "plan_summary",
    "plan_target": "plan_target",
    "plan_metric": "plan_metric",
    "plan_level": "plan_level",
    "plan_finding": "plan_finding",
    "plan_shadow_price": "plan_binding",
}
# What a scenario studies beside its plan; empty until it is written, where the policy asks for it.
STUDY_TABLES = ("plan_frontier", "plan_headcount", *OVERLAY_TABLES)
PLAN_TABLES = (*FRAMES, "plan_metric_account", *STUDY_TABLES)
IDENTITY_NAME = "plan.json"


def write_scenario(
    folder: Path,
    *,
    scenario: str,
    plan_id: str,
    as_of: date,
    policy: "Policy",
    accounts: pl.DataFrame,
    plan: "Plan",
) -> None:
    """Write the tables of `plan` into `folder`, whole or not at all; each row names the plan.

    Args:
        accounts: the planning table of the accounts, for the members of each tier.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    identity = [pl.lit(plan_id).alias("plan_id"), pl.lit(scenario).alias("scenario")]
    for table, frame in _frames(as_of, policy, accounts, plan):
        frame.with_columns(identity).write_parquet(building / f"{table}.parquet")
    for table, schema in study_schemas().items():
        empty = pl.DataFrame(schema=schema).with_columns(identity)
        empty.write_parquet(building / f"{table}.parquet")
    (building / IDENTITY_NAME).write_text(json.dumps({"plan_id": plan_id, "scenario": scenario}))
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def study_schemas() -> dict[str, "Schema"]:
    """The columns of each table of `STUDY_TABLES`, apart from those that name the plan."""
    from optimization.frontier.points import FRONTIER_SCHEMA
    from optimization.headcount.table import HEADCOUNT_SCHEMA
    from optimization.overlay.tables import OVERLAY_SCHEMAS

    studies = (FRONTIER_SCHEMA, HEADCOUNT_SCHEMA, *OVERLAY_SCHEMAS.values())
    return dict(zip(STUDY_TABLES, studies, strict=True))


def with_findings(folder: Path, found: pl.DataFrame) -> pl.DataFrame:
    """What was noticed of the plan in `folder`, and `found` of what follows it."""
    noticed = pl.read_parquet(folder / "plan_finding.parquet", glob=False)
    # A study that broke off is made again: its findings stand there already.
    noticed = noticed.filter(~pl.col("rule").str.starts_with("overlay_"))
    return pl.concat([noticed.select(found.columns), found])


def write_studies(folder: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    """Put the studies of the plan in `folder` in the place of the empty ones, each by its name.

    Once all are there the folder says so: a study that broke off is made again.
    """
    identity = json.loads((folder / IDENTITY_NAME).read_text())
    columns = [pl.lit(identity[name]).alias(name) for name in ("plan_id", "scenario")]
    for table, frame in frames.items():
        frame.with_columns(columns).write_parquet(folder / f".{table}.parquet")
        (folder / f".{table}.parquet").replace(folder / f"{table}.parquet")
    written = json.dumps(identity | {"is_studied": True})
    (folder / f".{IDENTITY_NAME}").write_text(written)
    (folder / f".{IDENTITY_NAME}").replace(folder / IDENTITY_NAME)


def is_studied(folder: Path) -> bool:
    """Whether the studies of the plan in `folder` have been made."""
    return bool(json.loads((folder / IDENTITY_NAME).read_text()).get("is_studied", False))


def is_solved(folder: Path, plan_id: str) -> bool:
    """Whether `folder` holds the plan of that id."""
    try:
        return bool(json.loads((folder / IDENTITY_NAME).read_text())["plan_id"] == plan_id)
    except (OSError, ValueError, KeyError):
        return False


def unite(connection: duckdb.DuckDBPyConnection, folders: Iterable[Path]) -> None:
    """Replace the `plan_*` tables by those of the solved scenarios in `folders`, in that order."""
    folders = list(folders)
    for table in PLAN_TABLES:
        rows = " UNION ALL BY NAME ".join(
            f"SELECT * FROM read_parquet({literal(_pattern(folder / f'{table}.parquet'))})"
            for folder in folders
        )
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS {rows}")


def read_plan(connection: duckdb.DuckDBPyConnection, scenario: str) -> dict[str, pl.DataFrame]:
    """A scenario's plan as the planner wrote it, by the verifier's names: `plan_assignment`, …"""
    return {
        name: connection.execute(f"SELECT * FROM {table} WHERE scenario = ?", [scenario]).pl()
        for table, name in FRAMES.items()
    }


def read_overlays(
    connection: duckdb.DuckDBPyConnection, scenario: str
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """A scenario's plan and the overlay roles over it, as the planner wrote them."""
    read = "SELECT * FROM {} WHERE scenario = ?"
    assignment, *frames = (
        connection.execute(read.format(table), [scenario]).pl()
        for table in ("plan_assignment", *OVERLAY_TABLES)
    )
    return assignment, dict(zip(OVERLAY_TABLES, frames, strict=True))


def tier_members(policy: "Policy", accounts: pl.DataFrame) -> pl.DataFrame:
    """The accounts that each metric of a part of the book counts: metric, account_id.

    accounts: `int_plan__account`. Metrics of the whole book have no rows.
    """
    schema = {"metric": pl.String, "account_id": pl.String}
    members = [pl.DataFrame(schema=schema)]
    for band in policy.metrics:
        if band.accounts:
            matches = [pl.col(name).is_in(values) for name, values in band.accounts.items()]
            counted = accounts.filter(matches).select("account_id").sort("account_id")
            members.append(counted.select(pl.lit(band.name).alias("metric"), "account_id"))
    return pl.concat(members)


def _frames(
    as_of: date, policy: "Policy", accounts: pl.DataFrame, plan: "Plan"
) -> Iterator[tuple[str, pl.DataFrame]]:
    frames = plan.tables()
    for table, name in FRAMES.items():
        frame = frames[name]
        if table == "plan_summary":
            frame = frame.with_columns(
                pl.lit(as_of).alias("as_of"),
                pl.lit(policy.description or None, dtype=pl.String).alias("description"),
            )
        if table == "plan_metric":
            tiers = [band.name for band in policy.metrics if band.accounts]
            frame = frame.with_columns((~pl.col("metric").is_in(tiers)).alias("is_whole_book"))
        yield table, frame
    yield "plan_metric_account", tier_members(policy, accounts)


def _pattern(path: Path) -> str:
    """`path` as a pattern that means itself: brackets in a folder name are no pattern."""
    return glob.escape(str(path))

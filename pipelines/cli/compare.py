"""`territory compare A B`: two scenarios side by side, and the accounts they treat differently."""

import csv
import glob
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.table import Table

from pipelines.cli.console import console
from pipelines.cli.options import as_of_option, chosen_settings, config_option, data_dir_option
from pipelines.cli.release_reader import published_folder, records
from pipelines.errors import InputError, TerritoryError, near
from pipelines.publish.manifest import load_manifest
from pipelines.publish.moves import neutralised
from pipelines.publish.snapshot import PARQUET_FOLDER, literal

# One release may hold both scenarios, or each its own; Parquet files open twice, a database not.
_KPIS = """
    WITH one AS (SELECT * FROM {one_kpi_scenario} WHERE scenario = $one),
    two AS (SELECT * FROM {two_kpi_scenario} WHERE scenario = $two)
    SELECT kpi_name, m.metric_name, m.unit, one.kpi_value AS one, two.kpi_value AS two,
        round(two.kpi_value - one.kpi_value, 6) + 0.0 AS gained,
        CASE WHEN gained IS NULL OR one.good_direction = 'none' THEN ''
            WHEN gained = 0 THEN 'same'
            WHEN (gained > 0) = (one.good_direction = 'higher') THEN 'better'
            ELSE 'worse' END AS comparison
    FROM one JOIN two USING (kpi_name, table_name)
    LEFT JOIN {one_meta_metric} AS m
        ON m.table_name = one.table_name AND m.column_name = kpi_name
    WHERE one.kpi_value IS NOT NULL OR two.kpi_value IS NOT NULL
    ORDER BY one.table_name, one.good_direction = 'none', kpi_name
"""
_ACCOUNTS = """
    WITH one AS (SELECT * FROM {one_fct_assignment} WHERE scenario = $one),
    two AS (SELECT * FROM {two_fct_assignment} WHERE scenario = $two)
    SELECT account_id, a.account_name, a.actual_sales_usd,
        one.previous_rep_id, one.rep_id AS one_rep_id, r1.rep_name AS one_rep_name,
        two.rep_id AS two_rep_id, r2.rep_name AS two_rep_name,
        one.is_moved AS one_is_moved, two.is_moved AS two_is_moved,
        one.reason AS one_reason, two.reason AS two_reason,
        one.value_usd AS one_value_usd, two.value_usd AS two_value_usd,
        two.value_usd - one.value_usd AS value_difference_usd
    FROM one JOIN two USING (account_id)
    JOIN {one_dim_account} AS a USING (account_id)
    LEFT JOIN {one_dim_rep} AS r1 ON r1.scenario = $one AND r1.rep_id = one.rep_id
    LEFT JOIN {two_dim_rep} AS r2 ON r2.scenario = $two AND r2.rep_id = two.rep_id
    WHERE one.rep_id IS DISTINCT FROM two.rep_id
    ORDER BY abs(value_difference_usd) DESC NULLS LAST, account_id
"""
_TABLES = ("kpi_scenario", "meta_metric", "fct_assignment", "dim_account", "dim_rep")


@click.command()
@click.argument("one")
@click.argument("two")
@config_option
@data_dir_option
@as_of_option
@click.option("--accounts", default=10, show_default=True, help="Differing accounts to show.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file for all differing accounts.",
)
def compare(
    one: str,
    two: str,
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    accounts: int,
    out: Path | None,
) -> None:
    """Compare the plans of scenarios ONE and TWO: every KPI, and who gets another rep, and why.

    Both come from the published release, or from the newest one for the same date that has them.
    Better and worse say how TWO does against ONE.
    """
    settings = chosen_settings(config, data_dir, as_of, None)
    published = published_folder(settings.data_dir)
    files = {
        f"{side}_{table}": _relation(release_of(published, scenario), table)
        for side, scenario in (("one", one), ("two", two))
        for table in _TABLES
    }
    with duckdb.connect() as connection:
        names = {"one": one, "two": two}
        kpis = records(connection, _KPIS.format(**files), names)
        differing = records(connection, _ACCOUNTS.format(**files), names)
    console.print(_kpi_table(kpis, one, two))
    sales = sum(float(row["actual_sales_usd"] or 0) for row in differing)
    console.print(
        f"{len(differing):,} accounts with {sales:,.0f} USD of sales have another rep in {two} "
        f"than in {one}",
        markup=False,
    )
    for row in differing[:accounts]:
        _print_account(row, one, two)
    if len(differing) > accounts and out is None:
        console.print(
            f"… and {len(differing) - accounts:,} more; --out FILE writes them all", markup=False
        )
    if out is not None:
        _write(out, differing, one, two)
        console.print(f"Written to {out}", markup=False)


def release_of(published: Path, scenario: str) -> Path:
    """The release with the plan of `scenario`: the published one, else the newest of its date.

    Raises:
        InputError: no kept release for the published planning date has it.
    """
    wanted = load_manifest(published)
    found: list[tuple[bool, int, Path]] = []
    known: set[str] = set()
    for folder in sorted(published.parent.glob("[!.]*")):
        try:
            manifest = load_manifest(folder)
        except TerritoryError:
            continue
        if (
            manifest.as_of != wanted.as_of
            or not (folder / PARQUET_FOLDER / "kpi_scenario.parquet").is_file()
        ):
            continue
        known.update(manifest.scenarios)
        if scenario in manifest.scenarios:
            built = (folder / "manifest.json").stat().st_mtime_ns
            found.append((folder == published, built, folder))
    if not found:
        raise InputError(
            f"no plan of scenario '{scenario}' for {wanted.as_of} is published"
            f"{near(scenario, known)}; there are: {', '.join(sorted(known))}. "
            f"`territory run --scenario {wanted.scenario} --scenario {scenario}` makes it"
        )
    return max(found)[2]


def _relation(release: Path, table: str) -> str:
    path = glob.escape(str(release / PARQUET_FOLDER / f"{table}.parquet"))
    return f"read_parquet({literal(path)})"


def _kpi_table(kpis: list[dict[str, Any]], one: str, two: str) -> Table:
    table = Table(title=f"{one} and {two}")
    table.add_column("figure")
    for name in (one, two, "difference"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in kpis:
        unit = "" if row["unit"] in (None, "count") else f", {row['unit']}"
        table.add_row(
            f"{row['metric_name'] or row['kpi_name']}{unit}",
            *(_number(row[name]) for name in ("one", "two", "gained")),
            row["comparison"],
        )
    return table


def _print_account(row: dict[str, Any], one: str, two: str) -> None:
    console.print()
    console.print(f"{row['account_name']} ({row['account_id']})", markup=False)
    for side, scenario in (("one", one), ("two", two)):
        rep = row[f"{side}_rep_name"] or row[f"{side}_rep_id"] or "nobody"
        console.print(
            f"  {scenario}: {rep}, worth {_number(row[f'{side}_value_usd'])} USD a year. "
            f"{row[f'{side}_reason']}",
            markup=False,
        )
    console.print(f"  Difference: {_number(row['value_difference_usd'])} USD a year", markup=False)


def _number(value: Any) -> str:
    if value is None:
        return "—"
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:,.3f}"


def _write(path: Path, rows: list[dict[str, Any]], one: str, two: str) -> None:
    # With a byte order mark, without which Excel reads UTF-8 as the local code page.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        header = list(rows[0]) if rows else ["account_id"]
        names = {"one": one, "two": two}
        writer.writerow(
            f"{names[head]}_{rest}" if (head := name.partition("_")[0]) in names else name
            for name in header
            for rest in [name.partition("_")[2]]
        )
        writer.writerows([neutralised(value) for value in row.values()] for row in rows)

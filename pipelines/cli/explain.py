"""`territory explain ACCOUNT`: why this account has this rep."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb

from pipelines.cli.console import console
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.cli.release_reader import open_release, published_folder, records
from pipelines.errors import InputError, near

_ACCOUNT = """
    SELECT a.*, f.rep_id, f.previous_rep_id, f.is_moved, f.is_forced_move, f.is_new_assignment,
           f.is_locked, f.travel_hours, f.reason_code, f.reason, f.runner_up_rep_id,
           f.runner_up_delta_usd, r.rep_name, r.experience_level, r.region AS rep_region,
           u.rep_name AS runner_up_name
    FROM dim_account AS a
    JOIN fct_assignment AS f USING (account_id)
    LEFT JOIN dim_rep AS r ON r.rep_id = f.rep_id AND r.scenario = f.scenario
    LEFT JOIN dim_rep AS u ON u.rep_id = f.runner_up_rep_id AND u.scenario = f.scenario
    WHERE a.account_id = ? OR lower(a.account_name) = lower(?)
    ORDER BY a.account_id
"""


@click.command()
@click.argument("account")
@settings_options
def explain(
    account: str,
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
) -> None:
    """Say why ACCOUNT (its id or name) has the rep it has in the published plan."""
    settings = chosen_settings(config, data_dir, as_of, scenario)
    with open_release(published_folder(settings.data_dir)) as connection:
        found = records(connection, _ACCOUNT, [account, account])
        if not found:
            raise InputError(_unknown(connection, account))
    for index, row in enumerate(found):
        if index:
            console.print()
        _print_account(row)


def _unknown(connection: duckdb.DuckDBPyConnection, account: str) -> str:
    known = [
        str(value)
        for row in connection.execute(
            "SELECT account_id, account_name FROM dim_account ORDER BY account_id"
        ).fetchall()
        for value in row
    ]
    return f"no account '{account}' in the published plan{near(account, known)}"


def _print_account(row: dict[str, Any]) -> None:
    def line(label: str, text: str) -> None:
        console.print(f"{label:<12} {text}", markup=False)

    line("Account", f"{row['account_name']} ({row['account_id']})")
    place = ", ".join(str(row[k]) for k in ("state", "country") if row[k])
    line("Profile", f"{row['segment']}, {row['industry']}, {place}")
    line("Rep", f"{row['rep_name']} ({row['rep_id']}), {row['experience_level']}")
    line("Before", str(row["previous_rep_id"] or "nobody"))
    line("Why", str(row["reason"]))
    if row["runner_up_rep_id"]:
        line(
            "Runner-up",
            f"{row['runner_up_name']} ({row['runner_up_rep_id']}): the plan would be worth "
            f"{row['runner_up_delta_usd']:,.0f} USD a year less",
        )
    else:
        line("Runner-up", "none: no other rep may have this account")
    line(
        "Workload",
        f"{row['service_hours']:,.1f} h = complexity {row['complexity_score']:.2f} × value "
        f"{row['value_index']:.2f} × cycle {row['cycle_index']:.2f} × hours of an average "
        f"account; travel {row['travel_hours'] or 0:,.1f} h",
    )
    line(
        "Potential",
        f"{row['potential_usd']:,.0f} USD, sales {row['actual_sales_usd']:,.0f} USD, "
        f"whitespace {row['whitespace_usd']:,.0f} USD",
    )

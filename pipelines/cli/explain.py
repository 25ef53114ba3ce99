"""`territory explain ACCOUNT`: why this account has this rep."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb

from pipelines.cli.console import console
from pipelines.cli.explain_scores import Line, score_lines
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.cli.release_reader import published_folder, records
from pipelines.errors import InputError, near
from pipelines.publish.scenario_view import open_scenario

_ACCOUNT = """
    SELECT a.*, f.rep_id, f.previous_rep_id, f.is_moved, f.is_forced_move, f.is_new_assignment,
           f.is_locked, f.is_unassigned, f.travel_hours, f.reason_code, f.reason, f.unit_id,
           f.runner_up_rep_id, f.runner_up_delta_usd, f.value_usd, f.expected_sales_usd,
           f.expected_disruption_loss_usd, f.fit_loss_usd, f.handover_usd, f.travel_cost_usd,
           r.rep_name, r.experience_level, u.rep_name AS runner_up_name, b.rep_name AS before_name,
           b.has_left AS before_has_left
    FROM dim_account AS a
    JOIN fct_assignment AS f USING (account_id)
    LEFT JOIN dim_rep AS r ON r.rep_id = f.rep_id AND r.scenario = f.scenario
    LEFT JOIN dim_rep AS u ON u.rep_id = f.runner_up_rep_id AND u.scenario = f.scenario
    LEFT JOIN dim_owner AS b ON b.rep_id = f.previous_rep_id
    WHERE a.account_id = ? OR lower(a.account_name) = lower(?)
    ORDER BY a.account_id
"""

# What the rep's territory is up against, dearest first, and whatever limits everybody.
_LIMITS = """
    SELECT statement FROM plan_binding
    LEFT JOIN dim_rep AS r ON r.rep_id = ? AND r.scenario = plan_binding.scenario
    WHERE coalesce(plan_binding.rep_id, ?) = ? AND shadow_price_usd > 0
      AND (
        constraint_kind NOT LIKE 'level_%'
        OR constraint_name[:-2 - length(metric)] IN (
          'manager_id/' || r.manager_id, 'region/' || r.region, 'country/' || r.country,
          'experience_level/' || r.experience_level
        )
      )
    ORDER BY
      plan_binding.rep_id IS NULL, unit = 'USD', shadow_price_usd DESC, constraint_kind,
      constraint_name
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
    """Say why ACCOUNT (its id or name) has the rep it has in the published plan.

    With --scenario in the plan of that scenario, which must be published.

    Printed are what decided, the parts of its value, the runner-up, the limits that bind the rep's
    territory, each with what one more unit would be worth, and what its scores are made of:
    parts, comparable customers, and what would change them.
    """
    settings = chosen_settings(config, data_dir, as_of, scenario)
    with open_scenario(published_folder(settings.data_dir), scenario) as connection:
        found = records(connection, _ACCOUNT, [account, account])
        if not found:
            raise InputError(_unknown(connection, account))
        limits = [records(connection, _LIMITS, [row["rep_id"]] * 3) for row in found]
        scores = [list(score_lines(connection, row, settings.scoring)) for row in found]
    for index, row in enumerate(found):
        if index:
            console.print()
        _print_account(row, [str(limit["statement"]) for limit in limits[index]], scores[index])


def _unknown(connection: duckdb.DuckDBPyConnection, account: str) -> str:
    known = [
        str(value)
        for row in connection.execute(
            "SELECT account_id, account_name FROM dim_account ORDER BY account_id"
        ).fetchall()
        for value in row
    ]
    return f"no account '{account}' in the published plan{near(account, known)}"


def _line(label: str, text: str) -> None:
    console.print(f"{label:<12} {text}", markup=False)


def _named(name: object, rep_id: object, has_left: object) -> str:
    """An owner by name and id; one whom the CRM does not list has no name."""
    if rep_id is None:
        return "nobody"
    if not name:
        return f"{rep_id}, whom the CRM does not list"
    return f"{name} ({rep_id})" + (", who has left" if has_left else "")


def _print_value(row: dict[str, Any]) -> None:
    """The parts of the value: what is sold, what it loses, what it costs to get there."""
    if row["is_unassigned"]:
        return
    parts = [f"{row['expected_sales_usd']:,.0f} USD of expected sales"]
    if row["expected_disruption_loss_usd"]:
        parts.append(f"{row['expected_disruption_loss_usd']:,.0f} of them lost by the change")
    if row["handover_usd"]:
        parts.append(f"{row['handover_usd']:,.0f} USD for the handover")
    parts.append(f"{row['travel_cost_usd']:,.0f} USD of travel")
    _line("Value", f"{row['value_usd']:,.0f} USD a year: margin of " + ", ".join(parts))
    if row["fit_loss_usd"]:
        _line("Fit", f"the best-fitting rep would sell {row['fit_loss_usd']:,.0f} USD more a year")


def _print_account(row: dict[str, Any], limits: list[str], scores: list[Line]) -> None:
    _line("Account", f"{row['account_name']} ({row['account_id']})")
    place = ", ".join(str(row[k]) for k in ("state", "country") if row[k])
    _line("Profile", f"{row['segment']}, {row['industry']}, {place}")
    _line(
        "Rep",
        "nobody"
        if row["is_unassigned"]
        else f"{row['rep_name']} ({row['rep_id']}), {row['experience_level']}",
    )
    _line("Before", _named(row["before_name"], row["previous_rep_id"], row["before_has_left"]))
    _line("Why", f"{row['reason']} [{row['reason_code']}]")
    if row["unit_id"] != row["account_id"]:
        _line("Together", f"assigned as one with its family or group {row['unit_id']}")
    _print_value(row)
    if row["runner_up_rep_id"]:
        _line(
            "Runner-up",
            f"{row['runner_up_name']} ({row['runner_up_rep_id']}): the plan would be worth "
            f"{row['runner_up_delta_usd']:,.0f} USD a year less",
        )
    else:
        _line("Runner-up", "none: no other rep may have this account")
    for limit in limits:
        _line("Limit", limit)
    travel = row["travel_hours"] or 0
    _line("Workload", f"{row['service_hours']:,.1f} h of service, {travel:,.1f} h of travel")
    for label, text in scores:
        _line(label, text)

"""The closing summary of a run: what the plan changed and where the results are."""

from pathlib import Path
from typing import Any

from rich.table import Table

from pipelines.cli.console import console
from pipelines.cli.release_reader import records
from pipelines.publish.layout import REPORT_NAME
from pipelines.publish.scenario_view import open_scenario

# A dollar's worth is another scale than that of an hour or an account.
_DEAREST = """
    SELECT statement FROM plan_binding WHERE shadow_price_usd > 0 AND unit <> 'USD'
    ORDER BY shadow_price_usd DESC, constraint_kind, constraint_name, rep_id LIMIT 1
"""

_OTHERS = """
    SELECT scenario, max(kpi_value) FILTER (kpi_name = 'moved_accounts') AS moved_accounts,
        max(kpi_value) FILTER (kpi_name = 'expected_value_usd') AS expected_value_usd,
        max(kpi_value) FILTER (kpi_name = 'optimality_gap_pct') AS optimality_gap_pct
    FROM kpi_scenario
    WHERE CASE WHEN ?::VARCHAR IS NULL THEN NOT is_chosen ELSE scenario <> ? END
    GROUP BY scenario ORDER BY scenario
"""


def print_summary(folder: Path, company: str, scenario: str | None = None) -> None:
    """Print balance before and after, moves, the certificate, the dearest limit and the place.

    Args:
        scenario: whose plan to sum up; None for the chosen one.
    """
    with open_scenario(folder, scenario) as connection:
        versions = {str(r["plan_version"]): r for r in records(connection, "FROM kpi_plan")}
        balance = {
            (str(r["metric"]), str(r["plan_version"])): r
            for r in records(connection, "FROM kpi_balance")
        }
        findings = records(
            connection,
            "SELECT count(*) AS n FROM meta_finding WHERE severity = 'warning'",
        )
        quarantined = records(connection, "SELECT count(*) AS n FROM quarantined_row")
        dearest = records(connection, _DEAREST)
        others = records(connection, _OTHERS, [scenario, scenario])
        overlays = records(
            connection,
            "SELECT statement, optimality_gap_pct FROM kpi_overlay ORDER BY overlay_role",
        )
    proposed, current = versions["proposed"], versions["current"]
    console.print()
    console.print(
        f"[bold]{company}[/bold]: {proposed['account_count']:,} accounts, "
        f"{proposed['rep_count']:,} reps, scenario {proposed['scenario']}, "
        f"plan {proposed['plan_id']}"
    )
    if proposed["solver_status"] == "kept":
        console.print(
            "In force     the plan that people made effective, on new data; nothing was planned"
        )
    console.print(_balance_table(balance))
    console.print(
        f"Moves        {proposed['moved_accounts']:,} accounts "
        f"({_number(proposed['retained_accounts_pct'], 1)} % keep their rep), "
        f"{_money(proposed['moved_sales_usd'])} of sales change hands, "
        f"expected loss {_money(proposed['expected_disruption_loss_usd'])} a year"
    )
    console.print(
        f"Travel       {_number(current['travel_hours'])} → "
        f"{_number(proposed['travel_hours'])} hours a year"
    )
    console.print(
        f"Value        {_money(current['expected_value_usd'])} → "
        f"{_money(proposed['expected_value_usd'])} a year"
    )
    proof = "proved optimal" if proposed["is_proved_optimal"] else "not proved optimal"
    console.print(
        f"Certificate  plan cost {_money(proposed['objective_usd'])}, no plan costs less than "
        f"{_money(proposed['bound_usd'])}: gap {_number(proposed['optimality_gap_pct'], 3)} % "
        f"({proof})"
    )
    if proposed["unassigned_accounts"]:
        console.print(
            f"No owner     {proposed['unassigned_accounts']:,} accounts stay without owner, at "
            f"{_money(proposed['unassigned_cost_usd'])} a year"
        )
    for other in others:
        console.print(
            f"Beside it    scenario {other['scenario']}: {other['moved_accounts']:,.0f} moves, "
            f"value {_money(other['expected_value_usd'])} a year, gap "
            f"{_number(other['optimality_gap_pct'], 3)} % (table kpi_scenario)",
            markup=False,
        )
    for overlay in overlays:
        console.print(
            f"Overlay      {overlay['statement']} Gap "
            f"{_number(overlay['optimality_gap_pct'], 3)} % (table kpi_overlay)",
            markup=False,
        )
    for limit in dearest:
        console.print(f"Limits       {limit['statement']} (table plan_binding)", markup=False)
    console.print(
        f"Input        {quarantined[0]['n']:,} rows quarantined, "
        f"{findings[0]['n']:,} warnings (tables quarantined_row, meta_finding)"
    )
    published = folder.parent.parent / "published"
    console.print(f"Results      {published}", markup=False)
    if (folder / REPORT_NAME).is_file():
        console.print(f"Report       {published / REPORT_NAME}", markup=False)


def _balance_table(balance: dict[tuple[str, str], dict[str, object]]) -> Table:
    table = Table(title="Balance: largest deviation of any rep from target")
    table.add_column("metric")
    for name in ("before", "after", "without giants", "tolerance", "floor"):
        table.add_column(name, justify="right")
    for metric in sorted({metric for metric, _ in balance}):
        before, after = balance.get((metric, "current")), balance.get((metric, "proposed"))
        # Without a band a metric only follows from the others; kpi_balance has it all the same.
        if after is None or after["tolerance_pct"] is None:
            continue
        table.add_row(
            metric,
            _percent(before and before["max_deviation_pct"]),
            _percent(after["max_deviation_pct"]),
            _percent(after["max_deviation_without_giants_pct"]),
            _percent(after["tolerance_pct"]),
            _percent(after["floor_pct"]),
        )
    return table


def _number(value: Any, digits: int = 0) -> str:
    return "—" if value is None else f"{float(value):,.{digits}f}"


def _percent(value: Any) -> str:
    return "—" if value is None else f"{float(value):,.1f} %"


def _money(value: Any) -> str:
    return "—" if value is None else f"{float(value):,.0f} USD"

"""The published tables as the report reads them: from the release, as any reader would."""

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from pipelines.publish.scenario_view import open_scenario

Tables = Mapping[str, pl.DataFrame]

_QUERIES = {
    "plan": "FROM kpi_plan ORDER BY plan_version DESC",
    "plan_of_scenario": """
        SELECT p.* FROM dim_scenario AS s
        INNER JOIN territory.main.kpi_plan AS p USING (scenario, plan_id)
        WHERE p.plan_version = 'proposed' ORDER BY s.is_chosen DESC, s.scenario
    """,
    "balance": "FROM kpi_balance ORDER BY metric, plan_version",
    "load": "FROM kpi_territory_balance ORDER BY metric, territory_id, plan_version",
    "territory": "FROM kpi_territory ORDER BY territory_id, plan_version",
    "rep": """
        SELECT r.*, t.territory_id, t.territory_name
        FROM dim_rep AS r INNER JOIN dim_territory AS t USING (scenario, rep_id)
        ORDER BY rep_id
    """,
    # One row an account, the most sales first: what is cut off at the end matters least.
    "account": """
        SELECT
            f.account_id, a.account_name, a.industry, a.segment, a.state, a.city,
            a.latitude, a.longitude, a.potential_usd, a.actual_sales_usd, f.service_hours,
            f.travel_hours, f.rep_id, f.previous_rep_id, f.incumbent_rep_id, f.is_moved,
            f.is_forced_move, f.is_new_assignment, f.is_locked, f.is_unassigned, f.reason_code,
            f.reason, f.runner_up_rep_id, f.runner_up_delta_usd, f.expected_disruption_loss_usd
        FROM fct_assignment AS f INNER JOIN dim_account AS a USING (account_id)
        ORDER BY a.actual_sales_usd DESC NULLS LAST, f.account_id
    """,
    "binding": """
        FROM plan_binding
        ORDER BY shadow_price_usd DESC, constraint_kind, constraint_name, rep_id, metric
    """,
    "kpi_headcount": "FROM kpi_headcount ORDER BY option_number",
    # Groups of reps: their own band where the policy has one; their target always.
    "kpi_level_balance": """
        FROM kpi_level_balance ORDER BY level, metric, member_name, member_id, plan_version
    """,
    # Those whom the plan has no more: previous owners who left, managers.
    "owner": """
        SELECT rep_id, rep_name, has_left FROM dim_owner WHERE NOT is_in_plan ORDER BY rep_id
    """,
    "kpi_frontier": "FROM kpi_frontier ORDER BY band_use_pct, moved_accounts, point_name",
    "kpi_overlay": "FROM kpi_overlay ORDER BY overlay_role",
    "overlay_rep": """
        SELECT overlay_role, overlay_rep_id, any_value(overlay_rep_name) AS overlay_rep_name,
            max(load_amount) FILTER (metric = 'primary_reps') AS primary_reps,
            max(load_amount) FILTER (metric = 'account_count') AS account_count,
            max(load_amount) FILTER (metric = 'hours') AS service_hours,
            max(deviation_pct) FILTER (metric = 'hours') AS hours_deviation_pct,
            max(load_amount) FILTER (metric = 'clock_hours') AS clock_hours,
            max(target_amount) FILTER (metric = 'clock_hours') AS capacity_hours,
            string_agg(statement, ' ' ORDER BY metric) AS statement
        FROM kpi_overlay_balance
        GROUP BY overlay_role, overlay_rep_id ORDER BY overlay_role, overlay_rep_id
    """,
    "finding": """
        SELECT severity, rule, table_name, column_name, count(*) AS findings,
               sum(affected_rows)::BIGINT AS affected_rows, min(message) AS example
        FROM meta_finding GROUP BY ALL
        ORDER BY severity DESC, affected_rows DESC NULLS LAST, rule, table_name, column_name
    """,
    "quarantine": """
        SELECT source_table, source_file, rule, column_name, count(*) AS rows_affected
        FROM quarantined_row GROUP BY ALL
        ORDER BY rows_affected DESC, source_table, source_file, rule, column_name
    """,
    "load_of_file": """
        SELECT source_file,
               concat(source_table, CASE WHEN file_role <> 'records' THEN ', ' || file_role END)
                   AS source_table,
               rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_excluded
        FROM meta_load ORDER BY meta_load.source_table, source_file, file_role
    """,
    "check": """
        SELECT gate, count(*) AS checks, count(*) FILTER (passed) AS passed,
               count(*) FILTER (NOT passed AND severity = 'warning') AS warnings
        FROM meta_check_result GROUP BY gate ORDER BY gate
    """,
    "kpi_rollup": "FROM kpi_rollup ORDER BY level, member_id, plan_version",
    "kpi_sales_operations": "FROM kpi_sales_operations ORDER BY rep_name, territory_id",
    "kpi_marketing": "FROM kpi_marketing ORDER BY whitespace_usd DESC, country, state, industry",
    "kpi_customer_success": """
        SELECT territory_name, * EXCLUDE (territory_name) FROM kpi_customer_success
        ORDER BY sales_at_risk_usd DESC, territory_id
    """,
    "kpi_finance": """
        SELECT territory_name, * EXCLUDE (territory_name) FROM kpi_finance ORDER BY territory_id
    """,
    # What a leader follows over plans; the table has every number.
    "history": """
        SELECT as_of, plan_version, metric, metric_value FROM meta_kpi_history
        WHERE scenario = (SELECT any_value(scenario) FROM kpi_plan)
            AND (level = 'plan' AND metric IN ('workload_max_deviation_pct',
                    'potential_max_deviation_pct', 'moved_accounts', 'optimality_gap_pct',
                    'travel_hours', 'expected_value_usd')
                OR level = 'company' AND metric = 'market_penetration_pct')
        ORDER BY metric, plan_version, as_of
    """,
    # All scenarios of the release, the chosen one first; the figures of their plans in the order of
    # kpi_plan's columns.
    "scenario": "FROM dim_scenario ORDER BY is_chosen DESC, scenario",
    "kpi_scenario": """
        SELECT k.scenario, k.kpi_name, m.metric_name, m.unit, k.kpi_value, k.difference,
               k.comparison
        FROM kpi_scenario AS k
        LEFT JOIN meta_metric AS m ON m.table_name = k.table_name AND m.column_name = k.kpi_name
        LEFT JOIN duckdb_columns() AS c ON c.database_name = 'territory'
            AND c.table_name = k.table_name AND c.column_name = k.kpi_name
        ORDER BY k.table_name, c.column_index, k.kpi_name, k.is_chosen DESC, k.scenario
    """,
    "metric": "FROM meta_metric ORDER BY table_name, column_name, metric_name",
}

DATABASE_NAME = "territory.duckdb"


def read_tables(
    release: Path, scenario: str | None = None, names: Collection[str] = tuple(_QUERIES)
) -> Tables:
    """The tables of the report, by its names of them, from the release in folder `release`.

    Args:
        scenario: whose plan is shown; None for the chosen one.
        names: which of them; by default all.
    """
    with open_scenario(release, scenario) as connection:
        return {name: connection.execute(_QUERIES[name]).pl() for name in names}


def read_other_scenarios(releases: Path, scenarios: Collection[str], as_of: object) -> pl.DataFrame:
    """`kpi_plan` rows of the newest release of every other scenario for the same planning date.

    Args:
        releases: folder of the releases; unreadable ones are passed over, they are not ours.
        scenarios: those that are known already.
    """
    from pipelines.errors import TerritoryError
    from pipelines.publish.manifest import load_manifest

    found: dict[str, tuple[int, pl.DataFrame]] = {}
    for folder in sorted(releases.glob("[!.]*")) if releases.is_dir() else []:
        try:
            manifest = load_manifest(folder)
            rows = pl.read_parquet(folder / manifest.table("kpi_plan").path)
        except (TerritoryError, KeyError, OSError, pl.exceptions.PolarsError):
            continue
        built = (folder / "manifest.json").stat().st_mtime_ns
        if str(manifest.as_of) != str(as_of):
            continue
        for name in set(manifest.scenarios) - set(scenarios):
            if name not in found or found[name][0] < built:
                is_shown = (pl.col("plan_version") == "proposed") & (pl.col("scenario") == name)
                found[name] = (built, rows.filter(is_shown))
    return (
        pl.concat([found[name][1] for name in sorted(found)], how="diagonal_relaxed")
        if found
        else pl.DataFrame()
    )

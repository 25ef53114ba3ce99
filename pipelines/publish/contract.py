"""The published tables: names, columns readers may rely on, their order, and what is withheld.

This is the contract of `contract_version` in the manifest. A table may carry more columns than
named here, never fewer. A new column keeps the version, a new table raises its second number; to
rename or remove either raises the first.
Columns of the tables no dbt model makes are declared in `pipelines/metadata/tables.yaml`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.errors import ConfigurationError, GateError, near
from pipelines.metadata.declared import declared_tables

CONTRACT_VERSION = "1.10"

PAY_COLUMNS = frozenset({"hourly_cost_usd"})
"""Columns that say what a person is paid; no published table may have one."""

RESTRICTED_TABLES = ("int_territory__pay_cost",)
"""Tables that carry pay data; they go to the restricted folder and nowhere else."""

PLAIN_TYPES = frozenset(
    {
        *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"),
        *("VARCHAR", "DATE", "TIMESTAMP"),
    }
)
"""Types every BI driver reads, beside DECIMAL(width, scale)."""


@dataclass(frozen=True)
class ContractTable:
    """One published table.

    Attributes:
        columns: what it must hold at least, in this order.
        order_by: the key its rows are sorted by; remaining columns break ties.
    """

    name: str
    columns: tuple[str, ...]
    order_by: tuple[str, ...]


def _table(name: str, order_by: str, columns: str) -> ContractTable:
    return ContractTable(name, tuple(columns.split()), tuple(order_by.split()))


_MARTS = (
    _table(
        "dim_account",
        "account_id",
        "account_id account_name parent_account_id industry segment market_area_id country state "
        "postal_code latitude longitude location_precision owner_rep_id is_customer "
        "complexity_score value_index cycle_index service_hours potential_usd actual_sales_usd "
        "whitespace_usd",
    ),
    _table(
        "dim_rep",
        "scenario rep_id",
        "scenario rep_id rep_name manager_id region experience_level experience_multiplier "
        "capacity_hours effective_capacity_hours latitude longitude is_vacant",
    ),
    _table(
        "dim_owner",
        "rep_id",
        "rep_id rep_name manager_id manager_name region role has_left is_in_plan end_date",
    ),
    _table(
        "dim_territory",
        "scenario territory_id",
        "scenario territory_id territory_name rep_id region",
    ),
    _table(
        "fct_assignment",
        "plan_id account_id",
        "plan_id scenario account_id territory_id rep_id previous_rep_id is_moved is_forced_move "
        "is_new_assignment is_locked service_hours travel_hours reason_code reason "
        "runner_up_rep_id runner_up_delta_usd",
    ),
    _table(
        "kpi_territory",
        "plan_id plan_version territory_id",
        "plan_id scenario plan_version territory_id account_count service_hours travel_hours "
        "workload_hours effective_capacity_hours service_workload_ratio workload_ratio "
        "potential_usd actual_sales_usd market_penetration_pct cost_to_serve_usd "
        "cost_to_serve_pct open_opportunities avg_deal_usd win_rate_pct sales_cycle_days "
        "sales_velocity_usd_per_day coverage_pct whitespace_usd",
    ),
    _table(
        "kpi_plan",
        "plan_id plan_version",
        "plan_id scenario plan_version account_count rep_count workload_max_deviation_pct "
        "workload_cv workload_gini potential_max_deviation_pct potential_cv potential_gini "
        "account_count_max_deviation_pct travel_hours moved_accounts moved_sales_usd "
        "retained_accounts_pct expected_disruption_loss_usd expected_value_usd objective_usd "
        "bound_usd regret_usd optimality_gap_pct is_proved_optimal is_repeatable solver_status "
        "seed forced_moves new_assignments unassigned_accounts sales_max_deviation_pct "
        "workload_floor_pct potential_floor_pct sales_floor_pct account_count_floor_pct "
        "travel_cost_usd disruption_cost_usd handover_cost_usd fit_cost_usd deviation_cost_usd "
        "overtime_cost_usd unassigned_cost_usd",
    ),
    _table(
        "kpi_balance",
        "plan_id plan_version metric",
        "plan_id scenario plan_version metric tolerance_pct max_deviation_pct "
        "max_deviation_without_giants_pct cv gini max_min_ratio floor_pct",
    ),
    _table(
        "kpi_territory_balance",
        "plan_id plan_version territory_id metric",
        "plan_id scenario plan_version territory_id metric rep_id measure target_amount "
        "load_amount deviation_pct lower_limit_amount upper_limit_amount giant_excess_amount",
    ),
    _table(
        "kpi_level_balance",
        "plan_id plan_version level member_id metric",
        "plan_id scenario plan_version level member_id member_name metric measure rep_count "
        "target_amount load_amount deviation_pct lower_limit_amount upper_limit_amount "
        "tolerance_pct soft_tolerance_pct relaxation_pct is_binding shadow_price_below_usd "
        "shadow_price_above_usd",
    ),
    _table(
        "plan_binding",
        "plan_id constraint_kind constraint_name rep_id metric",
        "plan_id scenario constraint_kind constraint_name rep_id metric unit limit_amount "
        "used_amount slack_amount shadow_price_usd statement",
    ),
    _table(
        "fct_account_score_part",
        "account_id score_name part_number",
        "account_id score_name part_number part_name part_value part_weight contribution unit "
        "is_missing",
    ),
    _table(
        "fct_opportunity_score",
        "opportunity_id",
        "opportunity_id account_id rep_id status is_open amount_usd complexity_score cycle_factor "
        "size_factor offering_factor missing_complexity_factors win_probability_pct",
    ),
    _table(
        "dim_scenario",
        "scenario",
        "scenario plan_id is_chosen description",
    ),
    _table(
        "kpi_scenario",
        "scenario kpi_name",
        "scenario kpi_name plan_id is_chosen table_name good_direction kpi_value chosen_value "
        "difference difference_pct comparison",
    ),
    _table(
        "kpi_frontier",
        "plan_id point_name",
        "plan_id scenario point_name curve band_factor move_limit band_use_pct band_excess_pct "
        "max_deviation_pct moved_accounts moved_sales_usd expected_value_usd objective_usd "
        "bound_usd optimality_gap_pct is_proved_optimal solver_status relaxed_limits "
        "price_of_fairness_usd price_of_stability_usd",
    ),
    _table(
        "kpi_headcount",
        "plan_id option_number",
        "plan_id scenario option_number option_kind seats_change seat_count rep_id rep_name "
        "is_best base_account_id base_city base_state base_country base_latitude base_longitude "
        "capacity_hours workload_hours overtime_hours value_usd most_value_usd value_change_usd "
        "seat_value_usd least_seat_value_usd most_seat_value_usd seat_cost_usd "
        "value_change_after_seat_cost_usd objective_usd bound_usd optimality_gap_pct "
        "worst_band_pct worst_band_metric worst_band_rep_id relaxed_limits moved_accounts "
        "handed_over_accounts disruption_loss_usd tried_candidates possible_candidates statement",
    ),
    _table(
        "fct_overlay_assignment",
        "plan_id overlay_role account_id",
        "plan_id scenario overlay_role account_id primary_rep_id overlay_rep_id "
        "overlay_rep_name incumbent_overlay_rep_id incumbent_member_id is_moved "
        "is_new_assignment service_hours "
        "visits_per_year travel_hours distance_km travel_cost_usd disruption_loss_usd "
        "handover_usd reason_code reason runner_up_rep_id runner_up_delta_usd",
    ),
    _table(
        "kpi_overlay",
        "plan_id overlay_role",
        "plan_id scenario overlay_role coverage_unit seat_source ratio_measure ratio_per_seat "
        "seat_count seats_needed primary_rep_count account_count service_hours travel_hours "
        "capacity_hours workload_ratio hours_max_deviation_pct hours_floor_pct relaxed_limits "
        "moved_accounts kept_accounts new_accounts objective_usd bound_usd optimality_gap_pct "
        "is_proved_optimal is_repeatable solver_status travel_cost_usd disruption_cost_usd "
        "handover_cost_usd deviation_cost_usd overtime_cost_usd statement",
    ),
    _table(
        "kpi_overlay_balance",
        "plan_id overlay_role overlay_rep_id metric",
        "plan_id scenario overlay_role overlay_rep_id overlay_rep_name is_vacant region "
        "base_rep_id base_latitude base_longitude metric target_amount load_amount "
        "deviation_pct lower_limit_amount upper_limit_amount tolerance_pct relaxation_pct "
        "shadow_price_below_usd shadow_price_above_usd statement",
    ),
    _table(
        "kpi_forecast",
        "plan_id group_kind group_name",
        "plan_id scenario group_kind group_name period_start_date period_end_date history_months "
        "forecast_usd lower_usd upper_usd method reason error_pct naive_error_pct pipeline_usd "
        "weighted_pipeline_usd",
    ),
    _table(
        "kpi_market",
        "market_id",
        "market_id country state naics_sector establishments employment pay_usd "
        "population_change_pct market_usd account_count customer_count covered_accounts "
        "actual_sales_usd sales_growth_pct potential_usd market_share_pct untapped_usd "
        "untapped_rank is_uncovered",
    ),
    _table(
        "kpi_rep_workload",
        "scenario rep_id",
        "scenario rep_id rep_name region account_count predicted_hours logged_hours "
        "prediction_error_pct own_clock_hours logged_capacity_pct",
    ),
    _table(
        "kpi_seat_base",
        "scenario rep_id",
        "scenario rep_id rep_name region base_city base_state base_country base_latitude "
        "base_longitude account_count mean_distance_km current_mean_distance_km",
    ),
    _table(
        "kpi_score_quality",
        "score_name metric group_kind group_name",
        "score_name metric group_kind group_name metric_value lower_value upper_value row_count "
        "unit statement",
    ),
    _table(
        "dim_date",
        "calendar_date",
        "calendar_date calendar_year quarter_number month_number quarter_name month_name "
        "weekday_number week_start_date is_weekend is_trailing_year is_as_of",
    ),
    _table(
        "dim_product",
        "product_id",
        "product_id product_name product_line list_price_usd complexity_rating offering_rating",
    ),
    _table(
        "fct_opportunity",
        "opportunity_id",
        "opportunity_id account_id rep_id product_id territory_id stage status opened_date "
        "closed_date amount_usd probability_pct cycle_days is_won_trailing is_lost_trailing "
        "is_open is_open_qualified",
    ),
    _table(
        "fct_move",
        "plan_id account_id",
        "plan_id scenario account_id change from_rep_id to_rep_id from_manager_id "
        "to_manager_id from_region to_region is_customer sales_at_stake_usd "
        "expected_disruption_loss_usd service_hours travel_change_hours open_opportunities "
        "reason_code reason runner_up_rep_id runner_up_delta_usd",
    ),
    _table(
        "fct_coverage",
        "account_id",
        "account_id owner_rep_id last_activity_date silence_days activity_count logged_hours "
        "service_hours is_covered",
    ),
    _table(
        "kpi_rollup",
        "plan_id plan_version level member_id",
        "plan_id scenario plan_version level member_id member_name account_count rep_count "
        "unowned_accounts service_hours travel_hours workload_hours potential_usd "
        "actual_sales_usd whitespace_usd market_penetration_pct cost_to_serve_usd "
        "cost_to_serve_pct open_opportunities avg_deal_usd win_rate_pct sales_cycle_days "
        "sales_velocity_usd_per_day coverage_pct capacity_hours workload_ratio",
    ),
    _table(
        "kpi_sales_operations",
        "plan_id territory_id",
        "plan_id scenario territory_id rep_id rep_name region manager_name is_vacant "
        "capacity_hours current_workload_ratio proposed_workload_ratio "
        "current_hours_deviation_pct proposed_hours_deviation_pct "
        "current_potential_deviation_pct proposed_potential_deviation_pct "
        "current_account_count proposed_account_count gained_accounts lost_accounts "
        "gained_sales_usd lost_sales_usd",
    ),
    _table(
        "kpi_marketing",
        "plan_id country state industry",
        "plan_id scenario country state industry account_count customer_count potential_usd "
        "actual_sales_usd whitespace_usd market_penetration_pct open_opportunities "
        "silent_accounts silent_whitespace_usd unowned_accounts",
    ),
    _table(
        "kpi_customer_success",
        "plan_id territory_id",
        "plan_id scenario territory_id rep_id territory_name region customer_count "
        "moved_customers orphaned_customers sales_at_risk_usd expected_disruption_loss_usd "
        "service_hours silent_customers customer_coverage_pct",
    ),
    _table(
        "kpi_finance",
        "plan_id territory_id",
        "plan_id scenario territory_id rep_id territory_name region current_actual_sales_usd "
        "proposed_actual_sales_usd current_cost_to_serve_usd proposed_cost_to_serve_usd "
        "current_cost_to_serve_pct proposed_cost_to_serve_pct expected_sales_usd "
        "travel_cost_usd expected_disruption_loss_usd expected_value_usd",
    ),
)

_META_ORDER = {
    "fct_assignment_history": "account_id valid_from_date",
    "fct_holdout": "plan_id opportunity_id",
    "fct_challenge": "plan_id account_id rep_id wish",
    "kpi_drift": "as_of proposal_id signal metric level member_id rep_id",
    "kpi_rebalance": "as_of proposal_id",
    "fct_rebalance_move": "as_of proposal_id account_id",
    "quarantined_row": "source_table source_file row_number rule column_name",
    "record_history": "entity field_name record_id valid_from_at",
    "custom_field": "entity record_id field_name",
    "meta_run": "run_id",
    "meta_table": "table_name",
    "meta_column": "table_name position",
    "meta_column_lineage": "table_name column_name upstream_table upstream_column",
    "meta_metric": "table_name column_name metric_name",
    "meta_check_result": "gate table_name check_name column_name",
    "meta_finding": "finding_id",
    "meta_finding_row": "finding_id row_number record_id related_record_id value",
    "meta_drift": "table_name column_name rule",
    "meta_load": "source_table source_file file_role",
    "meta_kpi_history": "as_of scenario plan_version level member_id metric",
}

MART_TABLES = tuple(table.name for table in _MARTS)

META_TABLES = {name: declared_tables()[name].description for name in _META_ORDER}
"""The published tables no dbt model makes, each with its description."""

CONTRACT = (
    *_MARTS,
    *(
        ContractTable(name, tuple(declared_tables()[name].columns), tuple(order_by.split()))
        for name, order_by in _META_ORDER.items()
    ),
)

CONTRACT_TABLES = tuple(table.name for table in CONTRACT)

_BY_NAME = {table.name: table for table in CONTRACT}

_WITHHELD = "'(withheld: pay or personal data)'"
_IS_PAY_COLUMN = "lower(column_name) IN ({})".format(
    ", ".join(f"'{name}'" for name in sorted(PAY_COLUMNS))
)

# A rejected row of a rep is kept verbatim, with the pay in it under whatever name the export
# uses, so the whole row stays back, and so does that of a table that is only checked, such as
# contacts; a check or finding on a pay column may quote its values.
WITHHELD: dict[str, dict[str, str]] = {
    "quarantined_row": {
        "payload_json": "(source_table = 'raw_crm__rep' OR NOT starts_with(source_table, 'raw_'))"
        " AND payload_json IS NOT NULL",
        "value": f"value IS NOT NULL AND ({_IS_PAY_COLUMN} OR "
        "(source_table = 'raw_crm__rep' AND column_name IS NULL))",
    },
    "meta_check_result": dict.fromkeys(
        ("observed_value", "sample_json", "message"), _IS_PAY_COLUMN
    ),
    "meta_finding": {"message": _IS_PAY_COLUMN},
    "meta_finding_row": dict.fromkeys(("value", "repaired_value"), _IS_PAY_COLUMN),
}
"""Table and column: the SQL condition under which the published cell is replaced."""


def contract_table(name: str) -> ContractTable:
    """The contract of table `name`; raises ConfigurationError when it has none."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ConfigurationError(
            f"table '{name}' is not part of the publication contract{near(name, _BY_NAME)}; "
            "declare it in pipelines/publish/contract.py"
        ) from None


def published_expression(table: str, column: str) -> str:
    """The SQL that gives the published value of `column`, with pay data withheld."""
    quoted = f'"{column}"'
    condition = WITHHELD.get(table, {}).get(column)
    return (
        f"CASE WHEN {condition} THEN {_WITHHELD} ELSE {quoted} END AS {quoted}"
        if condition
        else quoted
    )


def table_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Every table and view of the open database: its columns in order, each with its type."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal "
        "ORDER BY table_name, column_index"
    ).fetchall():
        columns.setdefault(table, {})[column] = kind
    return columns


def check_contract(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str] = CONTRACT_TABLES
) -> None:
    """Check that the working database can be published.

    Raises:
        GateError: naming every table or column that is missing, has a type BI tools cannot read,
            or holds pay data.
        ConfigurationError: one of `tables` is not in the contract.
    """
    existing = table_columns(connection)
    problems: list[str] = []
    for name in tables:
        contract = contract_table(name)
        if name not in existing:
            problems.append(f"table {name} is missing")
            continue
        columns = existing[name]
        problems += [
            f"{name}.{column} is missing{near(column, columns)}"
            for column in contract.columns
            if column not in columns
        ]
        problems += [
            f"{name}.{column} is pay data, which is never published"
            for column in columns
            if column.lower() in PAY_COLUMNS
        ]
        problems += [
            f"{name}.{column} has type {kind}, which BI tools cannot read; cast it"
            for column, kind in columns.items()
            if kind not in PLAIN_TYPES and not kind.startswith("DECIMAL(")
        ]
    if problems:
        raise GateError(
            "the tables do not meet the publication contract: "
            + "; ".join(problems)
            + "; nothing was published"
        )

"""What people declare agrees with the publication contract and with itself."""

import pytest

from pipelines.metadata.declared import declared_metrics, declared_steps, declared_tables
from pipelines.metadata.units import unit_of
from pipelines.metadata.write import WRITTEN_TABLES
from pipelines.publish.contract import CONTRACT, META_TABLES, contract_table

# Columns of KPI tables that identify or describe and are no figure.
NO_FIGURE = {
    *("plan_id", "scenario", "plan_version", "territory_id", "metric", "solver_status", "seed"),
    *("is_proved_optimal", "is_repeatable", "constraint_kind", "constraint_name", "rep_id"),
    *("unit", "measure", "statement", "rep_name", "region", "score_name", "group_kind"),
    *("group_name", "level", "member_id", "member_name", "manager_name", "is_vacant"),
    *("country", "state", "industry", "territory_name"),
    *("market_id", "naics_sector", "is_uncovered", "base_city", "base_state", "base_country"),
    *("is_chosen", "kpi_name", "table_name", "good_direction", "comparison"),
    *("proposal_id", "as_of", "signal", "is_passed", "is_needed", "move_measure"),
    "is_proved_fewest",
    *("period_start_date", "period_end_date", "method", "reason"),
    *("point_name", "curve", "option_kind", "is_best", "base_account_id"),
    *("worst_band_metric", "worst_band_rep_id"),
    *("overlay_role", "overlay_rep_id", "overlay_rep_name", "base_rep_id"),
    *("coverage_unit", "seat_source", "ratio_measure"),
}


# What readers of contract 1.0 rely on; to take a column away, raise the contract version.
PROMISED = {
    "fct_assignment_history": "account_id territory_id rep_id plan_id valid_from_date "
    "valid_to_date is_current",
    "fct_holdout": "plan_id scenario opportunity_id account_id holder_rep_id new_rep_id "
    "amount_usd expires_date",
    "fct_challenge": "plan_id scenario account_id rep_id wish reason outcome to_rep_id cost_usd "
    "outcome_reason",
    "kpi_drift": "proposal_id plan_id scenario as_of signal metric rep_id observed threshold unit "
    "is_passed statement",
    "kpi_rebalance": "proposal_id plan_id scenario as_of is_needed voluntary_moves forced_moves "
    "new_assignments closed_accounts leavers moved_sales_usd moved_amount fewest_amount "
    "is_proved_fewest broken_limits_before broken_limits_after price_usd most_resolve_saves_usd",
    "fct_rebalance_move": "proposal_id plan_id scenario as_of account_id from_rep_id to_rep_id "
    "move_kind actual_sales_usd disruption_loss_usd reason_code reason",
    "quarantined_row": "source_table source_file row_number record_id rule column_name value "
    "payload_json run_id",
    "record_history": "entity record_id field_name value valid_from_at valid_to_at is_start_known",
    "custom_field": "entity record_id field_name value",
    "meta_run": "run_id plan_id scenario as_of started_at finished_at duration_seconds status "
    "code_version settings_digest input_digest step_timings_json versions_json",
    "meta_table": "table_name layer kind grain description is_published",
    "meta_column": "table_name column_name position data_type unit description",
    "meta_column_lineage": "table_name column_name upstream_table upstream_column step expression",
    "meta_metric": "metric_name table_name column_name formula unit grain good_direction",
    "meta_check_result": "run_id gate check_name table_name column_name expectation_type severity "
    "passed observed_value threshold rows_affected sample_json message",
    "meta_finding": "finding_id severity rule table_name column_name record_id affected_rows "
    "message run_id",
    "meta_finding_row": "finding_id table_name column_name rule record_id row_number value "
    "repaired_value related_record_id score run_id",
    "meta_drift": "table_name column_name rule severity last_value value change threshold message "
    "run_id",
    "meta_load": "source_table source_file file_role file_sha256 rows_read rows_loaded "
    "rows_quarantined rows_duplicate rows_excluded excluded_by_json run_id",
    "meta_kpi_history": "as_of scenario plan_version level member_id member_name metric "
    "metric_value plan_id",
}


@pytest.mark.parametrize("table", META_TABLES)
def test_tables_without_a_model_are_declared_as_promised(table: str) -> None:
    declared = declared_tables()[table]
    assert set(PROMISED[table].split()) <= set(declared.columns)
    assert set(contract_table(table).order_by) <= set(declared.columns)
    assert declared.grain.startswith("One ")
    assert declared.grain.endswith(".")
    assert META_TABLES[table].startswith(declared.grain)
    assert all(column.description for column in declared.columns.values())


def test_written_tables_are_declared() -> None:
    assert set(WRITTEN_TABLES) <= set(declared_tables())


@pytest.mark.parametrize(
    "metric", declared_metrics(), ids=lambda metric: f"{metric.table_name}.{metric.column_name}"
)
def test_every_metric_is_a_column_of_the_contract(metric) -> None:  # type: ignore[no-untyped-def]
    assert metric.column_name in contract_table(metric.table_name).columns
    assert metric.good_direction in {"higher", "lower", "target", "none"}
    assert all((metric.metric_name, metric.formula, metric.unit, metric.grain))


def test_every_published_figure_has_its_formula() -> None:
    defined = {(m.table_name, m.column_name) for m in declared_metrics()}
    figures = {
        (table.name, column)
        for table in CONTRACT
        if table.name.startswith(("kpi_", "plan_"))
        for column in table.columns
        if column not in NO_FIGURE
    }
    assert figures - defined == set()
    assert {
        ("dim_account", f"{name}")
        for name in ("complexity_score", "value_index", "cycle_index", "potential_usd")
    } <= defined


def test_names_of_metrics_are_unique() -> None:
    names = [metric.metric_name for metric in declared_metrics()]
    assert len(names) == len(set(names))


def test_python_steps_name_table_and_column() -> None:
    tables = set(declared_steps())
    for columns in declared_steps().values():
        for made_of in columns.values():
            assert bool(made_of.sources) != bool(made_of.known_from)
            for source in made_of.sources:
                table, column = source.split(".")
                assert table.startswith(("int_", "stg_plan__", "plan_", "dim_owner"))
                if table in tables:
                    assert column in declared_steps()[table] or column == "rep_id", source


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("sales_velocity_usd_per_day", "USD per day"),
        ("potential_usd", "USD"),
        ("is_moved", "true or false"),
        ("win_rate_pct", "%"),
        ("account_name", ""),
    ],
)
def test_the_unit_follows_from_the_name(column: str, unit: str) -> None:
    assert unit_of(column) == unit

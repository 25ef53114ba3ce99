"""One fault, at least, for every entry of every suite.

Faults that do not disturb each other share a wave: one company, one run. A fault names the checks
it must trip and a text that must stand in the sample of each, so that a check tripped by another
fault of its wave does not pass for caught. Some trip further checks; those are named where they
are the fault's own.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """`statement` damages the company; each check of `trips` must fail with that sample text."""

    statement: str
    trips: dict[str, str]


class Wave(NamedTuple):
    """Faults put into one company at once, and the stage that must find them."""

    stage: str
    faults: list[Fault]


def _set(table: str, key: str, assignments: str, **trips: str) -> Fault:
    return Fault(f"UPDATE {table} SET {assignments} WHERE {key}", trips)


def _sql(statement: str, **trips: str) -> Fault:
    return Fault(statement, trips)


_ACCOUNT = "raw_crm__account"
_REP = "raw_crm__rep"
_DEAL = "raw_crm__opportunity"
_LINE = "raw_crm__opportunity_line"
_ACTIVITY = "raw_crm__activity"
_TEAM = "raw_crm__account_team"
_OVERRIDE = "raw_plan__override"
_BUSINESS = "raw_market__county_business"
_EMPLOYMENT = "raw_market__county_employment"
_POPULATION = "raw_market__county_population"
_POSTAL = "raw_market__postal_code"

RAW_ROWS = Wave(
    "raw",
    [
        _sql(
            f"INSERT INTO {_ACCOUNT} SELECT * FROM {_ACCOUNT} WHERE account_id = 'a2'",
            account_id_unique='"a2"',
            account_twins='"Account 2"',
        ),
        _sql(
            f"INSERT INTO {_ACCOUNT} BY NAME SELECT 'Nameless' AS account_name",
            account_id_present='"account_id": null',
        ),
        _set(_ACCOUNT, "account_id = 'a1'", "account_name = NULL", account_name_present='"a1"'),
        _set(
            _ACCOUNT,
            "account_id = 'a3'",
            "annual_revenue_usd = '-5'",
            account_revenue_sign='"a3"',
            account_revenue_plausible='"a3"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a4'",
            "employee_count = '9000000'",
            account_employees_plausible='"a4"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a5'",
            "latitude = '95'",
            account_latitude_range='"a5"',
            account_coordinates_in_country='"a5"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a3'",
            "state = 'VT'",
            account_state_matches_postal_code='"expected": "MA"',
        ),
        _set(_ACCOUNT, "account_id = 'a6'", "longitude = '-200'", account_longitude_range='"a6"'),
        _set(
            _ACCOUNT,
            "account_id = 'a7'",
            "latitude = '0', longitude = '0.0', employee_count = '1_000'",
            account_coordinates_not_zero='"a7"',
            account_values_readable="employee_count=1_000",
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a8'",
            "created_date = '1900-01-01'",
            account_created_plausible='"1900-01-01"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a9'",
            "account_name = 'bell' || chr(7)",
            account_name_printable=r'"bell\u0007"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a0'",
            "postal_code = '2101', parent_account_id = 'zz'",
            account_postal_code_has_zeros='"2101"',
            account_parent_known='"zz"',
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a5'",
            "parent_account_id = 'a5', owner_rep_id = 'r99'",
            account_not_its_own_parent='"a5"',
            account_owner_known='"r99"',
        ),
        _sql(
            f"INSERT INTO {_REP} SELECT * FROM {_REP} WHERE rep_id = 'r2'",
            rep_id_unique='"r2"',
            rep_twins='"r2"',
        ),
        _sql(
            f"INSERT INTO {_REP} BY NAME SELECT 'Nobody' AS rep_name",
            rep_id_present='"rep_id": null',
        ),
        _set(
            _REP,
            "rep_id = 'r0'",
            "rep_name = NULL, fte_share = '1.5', hire_date = 'soon'",
            rep_name_present='"r0"',
            rep_fte_range="1.5",
            rep_values_readable="hire_date=soon",
        ),
        _set(
            _REP,
            "rep_id = 'r1'",
            "capacity_hours = '0', hourly_cost_usd = '61,50', latitude = '-91'",
            rep_capacity_plausible='"r1"',
            rep_cost_readable='"r1"',
            rep_latitude_range="-91",
        ),
        _set(
            _REP,
            "rep_id = 'r3'",
            "longitude = '181', end_date = '2019-04-30', manager_id = 'r3'",
            rep_longitude_range="181",
            rep_ends_after_hire='"2019-04-30"',
            rep_manager_is_another='"r3"',
        ),
        _sql(
            "INSERT INTO raw_crm__product SELECT * FROM raw_crm__product WHERE product_id = 'p0'",
            product_id_unique='"p0"',
        ),
        _sql(
            "INSERT INTO raw_crm__product BY NAME SELECT 'Thing' AS product_name",
            product_id_present='"product_id": null',
        ),
        _set(
            "raw_crm__product",
            "product_id = 'p1'",
            "product_name = NULL, list_price_usd = '-1', complexity_rating = '-2'",
            product_name_present='"p1"',
            product_price_not_negative="-1",
            product_complexity_not_negative="-2",
        ),
        _set(
            "raw_crm__product",
            "product_id = 'p2'",
            "list_price_usd = '$9'",
            product_values_readable="list_price_usd=$9",
        ),
        _sql(
            f"INSERT INTO {_DEAL} SELECT * FROM {_DEAL} WHERE opportunity_id = 'o0'",
            opportunity_id_unique='"o0"',
        ),
        _sql(
            f"INSERT INTO {_DEAL} BY NAME SELECT 'open' AS status, 'New' AS stage",
            opportunity_id_present='"opportunity_id": null',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o1'",
            "stage = NULL, status = NULL, closed_date = '2025-02-28', opened_date = '2025-03-01'",
            opportunity_stage_present='"o1"',
            opportunity_status_present='"o1"',
            opportunity_closes_after_opening='"2025-02-28"',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o2'",
            "status = 'Won', amount_usd = '1e3'",
            opportunity_status_known='"Won"',
            opportunity_values_readable="amount_usd=1e3",
        ),
        _set(
            _DEAL,
            "opportunity_id IN ('o5', 'o9', 'o13')",
            "amount_usd = '-200.00', rep_id = 'r99'",
            opportunity_amount_sign='"o13"',
            opportunity_amount_plausible='"o13"',
            opportunity_rep_known='"o13"',
            opportunity_amount_equals_lines="-200.0",
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o6'",
            "opened_date = '1900-01-01', product_id = 'GTXPro', account_id = 'a99'",
            opportunity_opened_plausible='"o6"',
            opportunity_product_known='"GTXPro"',
            opportunity_account_known='"a99"',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o10'",
            "closed_date = '9999-12-31'",
            opportunity_closed_plausible='"9999-12-31"',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o8'",
            "closed_date = NULL",
            opportunity_won_has_date='"o8"',
        ),
        _sql(
            f"DELETE FROM {_LINE} WHERE opportunity_id = 'o12'; "
            f"UPDATE {_DEAL} SET amount_usd = NULL WHERE opportunity_id = 'o12'",
            opportunity_won_has_amount='"o12"',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o13'",
            "probability_pct = '101'",
            opportunity_probability_range='"o13"',
        ),
        _set(
            _DEAL,
            "status = 'open'",
            "probability_pct = '0.75'",
            opportunity_probability_unit="0.75",
        ),
        _set(
            _ACCOUNT,
            "account_id = 'a9'",
            "latitude = NULL, postal_code = NULL, city = NULL, state = NULL",
            account_place_known='"a9"',
        ),
        _sql(
            f"UPDATE {_DEAL} SET opened_date = NULL WHERE opportunity_id = 'o18'; "
            f"UPDATE {_DEAL} SET rep_id = 'r0' WHERE rep_id = 'r4'",
            opportunity_opened_known='"o18"',
            rep_has_deals='"r4"',
        ),
        _set(
            _DEAL,
            "opportunity_id = 'o17'",
            "closed_date = NULL, stage = 'Closed Won', probability_pct = '60'",
            opportunity_lost_has_date='"o17"',
            opportunity_status_matches_stage='"Closed Won"',
            opportunity_status_matches_probability='"o17"',
        ),
        _sql(
            f"INSERT INTO {_TEAM} SELECT * FROM {_TEAM} WHERE account_id = 'a0'",
            account_team_unique='"a0"',
        ),
        _sql(
            f"INSERT INTO {_TEAM} BY NAME SELECT 'gone' AS account_id, 'nobody' AS rep_id, "
            "'CSM' AS team_role",
            account_team_account_known='"gone"',
            account_team_rep_known='"nobody"',
        ),
        _sql(
            f"INSERT INTO {_LINE} SELECT * FROM {_LINE} "
            "WHERE opportunity_id = 'o3' AND line_number = '1'",
            line_unique='"o3"',
        ),
        _sql(
            f"INSERT INTO {_LINE} BY NAME SELECT '9' AS line_number",
            line_opportunity_present='"line_number": 9',
        ),
        _sql(
            f"INSERT INTO {_LINE} BY NAME SELECT 'o99' AS opportunity_id, '-3' AS quantity, "
            "'-4' AS unit_price_usd",
            line_number_present='"o99"',
            line_opportunity_known='"o99"',
            line_quantity_positive="-3",
            line_price_not_negative="-4",
        ),
        _set(
            _LINE,
            "opportunity_id = 'o4'",
            "quantity = 'two'",
            line_values_readable="quantity=two",
        ),
        _sql(
            f"INSERT INTO {_ACTIVITY} SELECT * FROM {_ACTIVITY} WHERE activity_id = 'v0'",
            activity_id_unique='"v0"',
        ),
        _sql(
            f"INSERT INTO {_ACTIVITY} BY NAME SELECT 'a1' AS account_id, "
            "'2025-05-02' AS activity_date",
            activity_id_present='"activity_id": null',
        ),
        _set(
            _ACTIVITY,
            "activity_id = 'v1'",
            "account_id = NULL, activity_date = NULL",
            activity_account_present='"v1"',
            activity_date_present='"v1"',
        ),
        _set(
            _ACTIVITY,
            "activity_id = 'v2'",
            "duration_hours = '1:30', activity_date = '0001-01-01'",
            activity_values_readable="duration_hours=1:30",
            activity_date_plausible='"v2"',
        ),
        _set(
            _ACTIVITY,
            "activity_id IN ('v3', 'v4', 'v5')",
            "duration_hours = '90', account_id = 'a99', rep_id = 'r99'",
            activity_hours_plausible='"v3"',
            activity_hours_unit='"v3"',
            activity_account_known='"a99"',
            activity_rep_known='"r99"',
        ),
        _sql(
            f"INSERT INTO {_OVERRIDE} BY NAME SELECT 'lock' AS action, 'later' AS expires_date",
            override_account_present='"lock"',
            override_values_readable="expires_date=later",
        ),
        _sql(
            f"INSERT INTO {_OVERRIDE} BY NAME SELECT 'a1' AS account_id",
            override_action_present='"a1"',
        ),
        _sql(
            f"INSERT INTO {_OVERRIDE} BY NAME SELECT 'a98' AS account_id, 'pin' AS action, "
            "'r98' AS rep_id",
            override_action_known='"pin"',
            override_account_known='"a98"',
            override_rep_known='"r98"',
        ),
        _sql(
            f"INSERT INTO {_OVERRIDE} BY NAME SELECT 'a5' AS account_id, 'forbid' AS action "
            "FROM range(2)",
            override_rep_given='"a5"',
            override_unique='"a5"',
        ),
        _sql(
            f"INSERT INTO {_OVERRIDE} BY NAME SELECT 'a5' AS account_id, 'together' AS action, "
            "NULL AS group_id UNION ALL SELECT 'a4', 'together', 'alone'",
            override_group_given='"a5"',
            override_group_has_company='"alone"',
        ),
        _sql(
            f"INSERT INTO {_BUSINESS} BY NAME SELECT * FROM (VALUES (NULL, '11', '1', '1'), "
            "('1001', '5', '-1', '-2'), ('01009', NULL, '1,200', '1')) "
            "AS rows(county_fips, naics, establishments, employment)",
            business_county_present='"11"',
            business_county_code='"1001"',
            business_sector_code='"5"',
            business_sector_present='"01009"',
            business_values_readable="establishments=1,200",
            business_establishments_not_negative="-1",
            business_employment_not_negative="-2",
        ),
        _sql(
            f"INSERT INTO {_BUSINESS} SELECT * FROM {_BUSINESS} "
            "WHERE county_fips = '01002' AND naics = '31-33'",
            business_unique='"31-33"',
        ),
        _sql(
            f"INSERT INTO {_EMPLOYMENT} BY NAME SELECT * FROM (VALUES (NULL, '1', '5', 'false'), "
            "('1001', '-1', '-5', 'N'), ('01002', '1', '5', 'true')) "
            "AS rows(county_fips, employment, avg_weekly_wage_usd, is_suppressed)",
            employment_county_present='"county_fips": null',
            employment_county_code='"1001"',
            employment_county_unique='"01002"',
            employment_values_readable="is_suppressed=N",
            employment_not_negative="-1",
            employment_wage_plausible="-5",
        ),
        _sql(
            f"INSERT INTO {_POPULATION} BY NAME SELECT * FROM (VALUES (NULL, '5'), "
            "('1001', '39000000'), ('01002', '(X)')) AS rows(county_fips, population)",
            population_county_present='"county_fips": null',
            population_county_code='"1001"',
            population_county_unique='"01002"',
            population_values_readable="population=(X)",
            population_plausible="39000000",
        ),
        _sql(
            f"INSERT INTO {_POSTAL} BY NAME SELECT * FROM (VALUES "
            "(NULL, 'MA', '25025', '42', '-71'), ('2139', 'Mass', '2525', '-71', '181'), "
            "('02103', 'MA', '25025', 'N/A', '-71')) "
            "AS rows(postal_code, state, county_fips, latitude, longitude)",
            postal_code_present='"postal_code": null',
            postal_code_shape='"2139"',
            postal_code_state='"Mass"',
            postal_code_county_code='"2525"',
            postal_code_latitude_range="-71",
            postal_code_longitude_range="181",
            postal_code_unique='"02103"',
            postal_code_values_readable="latitude=N/A",
        ),
        _set(
            "meta_load",
            "source_file = 'accounts.csv'",
            "rows_duplicate = -2",
            load_reconciles='"accounts.csv"',
            load_counts_not_negative='"accounts.csv"',
        ),
    ],
)

RAW_WHOLE = Wave(
    "raw",
    [
        _set(
            _ACCOUNT,
            "true",
            "owner_rep_id = 'r99', annual_revenue_usd = '0', latitude = longitude, "
            "longitude = latitude",
            account_owners_match_reps='"owner_unknown": 10',
            account_owners_differ='"r99"',
            account_revenue_known="[]",
            account_coordinates_not_swapped='"outside": 10',
        ),
        _set(_REP, "true", "is_active = 'false'", rep_some_active='"active_reps": 0'),
        _sql(
            "INSERT INTO meta_drift BY NAME SELECT 'raw_crm__account' AS table_name,"
            " 'rows_lost' AS rule, 'error' AS severity, 0.4 AS change"
            " UNION ALL SELECT 'raw_crm__rep', 'rows_gained', 'warning', 0.3",
            drift_within_limits='"rows_lost"',
            drift_none='"rows_gained"',
        ),
        _set(
            _DEAL,
            "true",
            "account_id = 'A' || account_id, opened_date = closed_date, closed_date = opened_date",
            opportunity_accounts_match='"account_unknown": 20',
            opportunity_dates_in_order='"o0"',
        ),
        _set(
            _ACTIVITY,
            "true",
            "account_id = 'A' || account_id",
            activity_accounts_match='"account_unknown": 20',
        ),
    ],
)

RAW_FAMILIES = Wave(
    "raw",
    [
        _sql(
            f"UPDATE {_ACCOUNT} SET parent_account_id = 'a6' WHERE account_id = 'a7'; "
            f"UPDATE {_ACCOUNT} SET parent_account_id = 'a7' WHERE account_id = 'a6'",
            account_parents_in_a_circle='"a6"',
        ),
        _sql(
            f"UPDATE {_ACCOUNT} SET parent_account_id = 'a8' WHERE account_id IN ('a2', 'a3'); "
            f"UPDATE {_ACCOUNT} SET annual_revenue_usd = '7000000' WHERE account_id = 'a8'",
            account_revenue_rolled_up='"children_usd": 7000000',
        ),
        _set(_REP, "rep_id = 'r2'", "is_active = 'false'", account_owner_active='"r2"'),
        _sql(
            f"INSERT INTO {_DEAL} BY NAME SELECT * REPLACE ('o99' AS opportunity_id,"
            f" 'a1' AS account_id) FROM {_DEAL} WHERE opportunity_id = 'o4'",
            opportunity_at_parent_and_child='"o99"',
        ),
    ],
)

RAW_EMPTY = Wave(
    "raw",
    [
        _sql(f"DELETE FROM {_ACCOUNT}", account_has_rows="[]"),
        _sql(f"DELETE FROM {_REP}", rep_has_rows="[]"),
        _set(
            _DEAL,
            "true",
            "closed_date = NULL",
            opportunity_won_mostly_dated='"without_date": 10',
        ),
    ],
)

PUBLISH_ROWS = Wave(
    "publish",
    [
        _sql(
            "INSERT INTO dim_account SELECT * FROM dim_account WHERE account_id = 'a2'",
            dim_account_id_unique='"a2"',
        ),
        _sql(
            "INSERT INTO dim_account BY NAME SELECT 1.0 AS service_hours",
            dim_account_id_present='"account_id": null',
        ),
        _set(
            "dim_account",
            "account_id = 'a1'",
            "account_name = NULL, service_hours = NULL, potential_usd = NULL, "
            "location_precision = NULL",
            dim_account_name_present='"a1"',
            dim_account_hours_present='"a1"',
            dim_account_potential_present='"a1"',
            dim_account_precision_present='"a1"',
            fct_assignment_hours_equal_accounts='"a1"',
        ),
        _set(
            "dim_account",
            "account_id = 'a3'",
            "account_id = 'a33'",
            dim_account_equals_input='"a33"',
            fct_assignment_complete='"a33"',
        ),
        _set(
            "dim_account",
            "account_id = 'a4'",
            "service_hours = 'Infinity'::DOUBLE, potential_usd = -1, actual_sales_usd = -2, "
            "latitude = 91, longitude = 181",
            dim_account_hours_plausible='"inf"',
            dim_account_potential_plausible='"-1.00"',
            dim_account_sales_not_negative='"-2.00"',
            dim_account_whitespace='"a4"',
            dim_account_latitude_range="91",
            dim_account_longitude_range="181",
        ),
        _set(
            "dim_account",
            "account_id = 'a5'",
            "complexity_score = 9, value_index = 9, cycle_index = 9",
            dim_account_complexity_centred="[]",
            dim_account_value_index_centred="[]",
            dim_account_cycle_index_centred="[]",
        ),
        _sql(
            "INSERT INTO dim_rep SELECT * FROM dim_rep WHERE rep_id = 'r2'", dim_rep_unique='"r2"'
        ),
        _sql(
            "INSERT INTO dim_rep BY NAME SELECT 'base' AS scenario, 0.0 AS experience_multiplier",
            dim_rep_id_present='"rep_id": null',
            dim_rep_capacity_present='"capacity_hours": null',
            dim_rep_multiplier_plausible="0.0",
        ),
        _set(
            "dim_rep",
            "rep_id = 'r1'",
            "capacity_hours = 9000",
            dim_rep_capacity_plausible='"r1"',
            dim_rep_effective_capacity='"r1"',
        ),
        _sql(
            "INSERT INTO dim_territory BY NAME SELECT 'base' AS scenario, "
            "unnest(['t-r0', NULL]) AS territory_id, unnest(['r0', 'r99']) AS rep_id",
            dim_territory_unique='"t-r0"',
            dim_territory_id_present='"territory_id": null',
            dim_territory_name_present='"t-r0"',
            dim_territory_rep_known='"r99"',
            dim_territory_one_per_seat='"r0"',
        ),
        _sql(
            "INSERT INTO fct_assignment SELECT * FROM fct_assignment WHERE account_id = 'a2'",
            fct_assignment_unique='"a2"',
        ),
        _set(
            "fct_assignment",
            "account_id = 'a1'",
            "plan_id = NULL, reason_code = NULL, reason = NULL, is_locked = NULL",
            fct_assignment_plan_present='"a1"',
            fct_assignment_reason_code_present='"a1"',
            fct_assignment_reason_given='"a1"',
            fct_assignment_flags_present='"a1"',
        ),
        _set(
            "fct_assignment",
            "account_id = 'a4'",
            "rep_id = NULL, territory_id = NULL, reason = '', travel_hours = -1",
            fct_assignment_rep_present='"a4"',
            fct_assignment_territory_present='"a4"',
            fct_assignment_reason_present='"a4"',
            fct_assignment_travel_plausible="-1",
        ),
        _set(
            "fct_assignment",
            "account_id = 'a8'",
            "reason_code = 'unassigned'",
            fct_assignment_unassigned_has_no_owner='"a8"',
        ),
        _set(
            "fct_assignment",
            "account_id = 'a6'",
            "territory_id = 't-r1', is_moved = true, is_new_assignment = true",
            fct_assignment_territory_known='"a6"',
            fct_assignment_flags_exclusive='"a6"',
            fct_assignment_moves_change_owner='"a6"',
        ),
        _set(
            "fct_assignment",
            "account_id = 'a7'",
            "runner_up_rep_id = rep_id, runner_up_delta_usd = -3",
            fct_assignment_runner_up_is_another='"a7"',
            fct_assignment_runner_up_costs='"-3.00"',
        ),
        _set(
            "int_plan__account",
            "account_id = 'a9'",
            "family_id = 'a8'",
            fct_assignment_families_together='"a8"',
        ),
        _sql(
            "INSERT INTO kpi_territory SELECT * FROM kpi_territory "
            "WHERE territory_id = 't-r2' AND plan_version = 'proposed'",
            kpi_territory_unique='"t-r2"',
        ),
        _set(
            "kpi_territory",
            "territory_id = 't-r0' AND plan_version = 'proposed'",
            "account_count = 99, workload_hours = -1, workload_ratio = -2, "
            "market_penetration_pct = 101, win_rate_pct = 101, coverage_pct = 101, "
            "cost_to_serve_usd = -5, sales_cycle_days = -6",
            kpi_territory_accounts_reconcile='"proposed"',
            kpi_territory_counts_equal_assignments='"t-r0"',
            kpi_territory_workload_not_negative="-1",
            kpi_territory_ratio_plausible="-2",
            kpi_territory_penetration_range="101",
            kpi_territory_win_rate_range="101",
            kpi_territory_coverage_range="101",
            kpi_territory_cost_not_negative='"-5.00"',
            kpi_territory_cycle_not_negative="-6",
        ),
        _set(
            "kpi_territory",
            "territory_id = 't-r1' AND plan_version = 'proposed'",
            "workload_ratio = 1.6",
            kpi_territory_ratio_full='"t-r1"',
        ),
        _sql(
            "INSERT INTO kpi_territory BY NAME SELECT 'plan' AS plan_id, 'dream' AS plan_version",
            kpi_territory_version_known='"dream"',
        ),
        _sql(
            "INSERT INTO kpi_plan SELECT * FROM kpi_plan WHERE plan_version = 'current'",
            kpi_plan_unique='"current"',
        ),
        _set(
            "kpi_plan",
            "plan_version = 'proposed'",
            "account_count = 9, moved_accounts = 7, solver_status = 'x', bound_usd = 1001, "
            "optimality_gap_pct = -1, retained_accounts_pct = 101, workload_gini = 1.1, "
            "potential_gini = -0.1, expected_disruption_loss_usd = -2, is_repeatable = false, "
            "workload_max_deviation_pct = 50, travel_cost_usd = 599, unassigned_accounts = 5",
            kpi_plan_accounts_reconcile='"proposed"',
            kpi_plan_moves_reconcile='"moved_accounts": 7',
            kpi_plan_bound_holds='"1001.00"',
            kpi_plan_regret_adds_up='"1001.00"',
            kpi_plan_gap_range="-1",
            kpi_plan_repeatable="false",
            kpi_plan_retained_range="101",
            kpi_plan_workload_gini_range="1.1",
            kpi_plan_potential_gini_range="-0.1",
            kpi_plan_disruption_not_negative='"-2.00"',
            kpi_plan_improves_balance="50.0",
            kpi_plan_parts_add_up='"599.00"',
            kpi_plan_unassigned_reconcile='"unassigned_accounts": 5',
        ),
        _sql(
            "INSERT INTO plan_binding SELECT * FROM plan_binding WHERE rep_id IS NULL",
            plan_binding_unique='"move_budget"',
        ),
        _sql(
            "INSERT INTO plan_binding BY NAME SELECT 'gone' AS plan_id, 'wish' AS constraint_kind, "
            "'hours' AS constraint_name, 'r99' AS rep_id, 5.0 AS limit_amount, 3.0 AS used_amount, "
            "1.0 AS slack_amount, -7.0 AS shadow_price_usd, '' AS statement",
            plan_binding_plan_known='"gone"',
            plan_binding_kind_known='"wish"',
            plan_binding_rep_known='"r99"',
            plan_binding_price_plausible="-7",
            plan_binding_slack_adds_up='"r99"',
            plan_binding_statement_present='"wish"',
        ),
        _set(
            "plan_binding",
            "constraint_kind = 'lower_band'",
            "shadow_price_usd = NULL",
            plan_binding_price_present='"lower_band"',
        ),
        _sql(
            "INSERT INTO kpi_frontier BY NAME SELECT 'gone' AS plan_id, point_name, curve, "
            "band_use_pct, moved_accounts, objective_usd, objective_usd + 1 AS bound_usd "
            "FROM kpi_frontier WHERE curve = 'policy' UNION ALL BY NAME FROM kpi_frontier "
            "WHERE curve = 'policy'",
            kpi_frontier_unique='"policy"',
            kpi_frontier_plan_known='"gone"',
            kpi_frontier_bound_holds='"951.00"',
        ),
        _set(
            "kpi_frontier",
            "curve = 'fairness'",
            "band_use_pct = 99, band_excess_pct = 0, price_of_stability_usd = 1",
            kpi_frontier_undominated='"bands x 2"',
            kpi_frontier_prices_plausible='"bands x 2"',
        ),
        _sql(
            "INSERT INTO kpi_headcount BY NAME SELECT * REPLACE ('gone' AS plan_id, "
            "'' AS statement) FROM kpi_headcount WHERE option_number = 2 "
            "UNION ALL BY NAME FROM kpi_headcount WHERE option_number = 2",
            kpi_headcount_unique="2",
            kpi_headcount_plan_known='"gone"',
            kpi_headcount_best_once='"fewer"',
            kpi_headcount_statement_present='"gone"',
        ),
        _set(
            "kpi_headcount",
            "option_kind = 'fewer'",
            "value_usd = 906, seat_value_usd = 106",
            kpi_headcount_limits_hold='"906.00"',
            kpi_headcount_change_adds_up='"906.00"',
        ),
        _sql(
            "INSERT INTO fct_overlay_assignment SELECT * FROM fct_overlay_assignment",
            fct_overlay_assignment_unique='"Sales Engineer"',
            kpi_overlay_adds_up='"Sales Engineer"',
        ),
        _set(
            "fct_overlay_assignment",
            "account_id = (SELECT min(account_id) FROM fct_overlay_assignment)",
            "primary_rep_id = 'somebody else'",
            fct_overlay_assignment_follows_plan='"somebody else"',
        ),
        _sql(
            "INSERT INTO kpi_overlay SELECT * FROM kpi_overlay",
            kpi_overlay_unique='"Sales Engineer"',
        ),
        _sql(
            "INSERT INTO kpi_overlay_balance SELECT * FROM kpi_overlay_balance",
            kpi_overlay_balance_unique='"Sales Engineer"',
            kpi_overlay_balance_adds_up='"Sales Engineer"',
        ),
        _sql(
            "INSERT INTO kpi_balance SELECT * FROM kpi_balance "
            "WHERE plan_version = 'current' AND metric = 'hours'",
            kpi_balance_unique='"current"',
        ),
        _set(
            "kpi_balance",
            "plan_version = 'proposed' AND metric = 'hours'",
            "max_deviation_pct = -1, gini = 1.5, max_min_ratio = 0.9, "
            "max_deviation_without_giants_pct = 5.1",
            kpi_balance_deviation_not_negative="-1",
            kpi_balance_gini_range="1.5",
            kpi_balance_ratio_range="0.9",
            kpi_balance_floor_holds='"hours"',
            kpi_balance_in_band="5.1",
        ),
        _sql(
            "INSERT INTO dim_date SELECT * FROM dim_date",
            dim_date_unique="2026-06-30",
        ),
        _sql(
            "INSERT INTO dim_owner SELECT * FROM dim_owner",
            dim_owner_unique="r0",
        ),
        _sql(
            "INSERT INTO dim_product SELECT * FROM dim_product",
            dim_product_unique="p0",
        ),
        _sql(
            "INSERT INTO fct_opportunity SELECT * FROM fct_opportunity",
            fct_opportunity_unique="x",
        ),
        _sql(
            "INSERT INTO fct_move SELECT * FROM fct_move",
            fct_move_unique="a0",
        ),
        _sql(
            "INSERT INTO fct_coverage SELECT * FROM fct_coverage",
            fct_coverage_unique="a0",
        ),
        _sql(
            "INSERT INTO kpi_rollup SELECT * FROM kpi_rollup",
            kpi_rollup_unique="x",
        ),
        _sql(
            "INSERT INTO kpi_sales_operations SELECT * FROM kpi_sales_operations",
            kpi_sales_operations_unique="t-r0",
        ),
        _sql(
            "INSERT INTO kpi_marketing SELECT * FROM kpi_marketing",
            kpi_marketing_unique="x",
        ),
        _sql(
            "INSERT INTO kpi_customer_success SELECT * FROM kpi_customer_success",
            kpi_customer_success_unique="t-r0",
        ),
        _sql(
            "INSERT INTO kpi_finance SELECT * FROM kpi_finance",
            kpi_finance_unique="t-r0",
        ),
        _sql(
            "INSERT INTO kpi_territory_balance SELECT * FROM kpi_territory_balance "
            "WHERE plan_version = 'current' AND metric = 'hours' AND rep_id = 'r0'",
            kpi_territory_balance_unique='"t-r0"',
        ),
        _sql(
            "INSERT INTO kpi_level_balance SELECT * FROM kpi_level_balance "
            "WHERE plan_version = 'current' AND member_id = 'm0'",
            kpi_level_balance_unique='"m0"',
        ),
        _set(
            "kpi_level_balance",
            "plan_version = 'proposed' AND member_id = 'm1'",
            "lower_limit_amount = 103",
            kpi_level_balance_band_in_order="103",
        ),
        _set(
            "kpi_territory_balance",
            "plan_version = 'proposed' AND metric = 'hours' AND rep_id = 'r1'",
            "lower_limit_amount = 106, giant_excess_amount = 104.5",
            kpi_territory_balance_band_in_order="106",
            kpi_territory_balance_giant_within_load="104.5",
        ),
        _set(
            "kpi_balance",
            "plan_version = 'proposed' AND metric = 'potential'",
            "metric = 'visits'",
            kpi_balance_has_metrics='"potential"',
        ),
        _sql(
            "INSERT INTO fct_account_score_part SELECT * FROM fct_account_score_part "
            "WHERE account_id = 'a7' AND score_name = 'complexity'",
            fct_account_score_part_unique='"a7"',
        ),
        _sql(
            "INSERT INTO fct_opportunity_score SELECT * FROM fct_opportunity_score "
            "WHERE opportunity_id = 'o1'",
            fct_opportunity_score_unique='"o1"',
        ),
        _set(
            "fct_opportunity_score",
            "opportunity_id = 'o2'",
            "complexity_score = 'inf'::double",
            fct_opportunity_score_complexity_plausible='"o2"',
        ),
        _sql(
            "INSERT INTO dim_scenario BY NAME SELECT 'other' AS scenario, 'plan_x' AS plan_id, "
            "true AS is_chosen",
            dim_scenario_one_is_chosen='"chosen": 2',
            dim_scenario_plans_agree='"plan_x"',
            kpi_scenario_complete='"other"',
        ),
        _sql(
            "INSERT INTO kpi_scenario SELECT * FROM kpi_scenario",
            kpi_scenario_unique='"moved_accounts"',
        ),
        _sql(
            "INSERT INTO kpi_forecast SELECT * FROM kpi_forecast WHERE group_kind = 'book'",
            kpi_forecast_unique='"book"',
        ),
        _set(
            "kpi_forecast",
            "group_kind = 'segment'",
            "lower_usd = 31",
            kpi_forecast_within_interval='"31.00"',
        ),
        _set(
            "kpi_forecast",
            "group_name = 't-r0'",
            "pipeline_usd = 12",
            kpi_forecast_pipeline_reconciles='"territory"',
        ),
        _sql(
            "INSERT INTO kpi_seat_base SELECT * REPLACE (142.0 AS base_latitude) "
            "FROM kpi_seat_base WHERE rep_id = 'r1'",
            kpi_seat_base_unique='"r1"',
            kpi_seat_base_plausible="142",
        ),
        _sql(
            "INSERT INTO kpi_market BY NAME SELECT * REPLACE (0 AS account_count, "
            "0 AS actual_sales_usd, -1 AS untapped_usd) FROM kpi_market",
            kpi_market_unique='"market MA"',
            kpi_market_untapped_plausible='"-1.00"',
        ),
        _sql(
            "INSERT INTO kpi_rep_workload SELECT * FROM kpi_rep_workload WHERE rep_id = 'r1'",
            kpi_rep_workload_unique='"r1"',
        ),
        _set(
            "kpi_rep_workload",
            "rep_id = 'r2'",
            "logged_hours = -1",
            kpi_rep_workload_hours_plausible='"r2"',
        ),
        _sql(
            "INSERT INTO kpi_score_quality SELECT * FROM kpi_score_quality "
            "WHERE metric = 'rep_correlation'",
            kpi_score_quality_unique='"rep_correlation"',
        ),
        _set(
            "kpi_score_quality",
            "metric = 'hours_per_index'",
            "metric_value = 12, statement = ''",
            kpi_score_quality_within_interval='"hours_per_index"',
            kpi_score_quality_statement_present='"hours_per_index"',
        ),
        _set(
            "kpi_score_quality",
            "metric = 'predicted_over_logged_pct'",
            "metric_value = 101",
            kpi_score_quality_hours_match='"predicted_over_logged_pct"',
        ),
    ],
)

PUBLISH_TOTALS = Wave(
    "publish",
    [
        _set(
            "kpi_market",
            "true",
            "account_count = account_count + 1",
            kpi_market_sales_reconcile='"accounts": 11',
        ),
        _set(
            "fct_account_score_part",
            "account_id = 'a8' AND part_name = 'all'",
            "contribution = 'nan'::double",
            fct_account_score_part_sums_to_score='"a8"',
        ),
        _sql(
            "DELETE FROM kpi_plan WHERE plan_version = 'current'",
            kpi_plan_versions='"current"',
        ),
        _set(
            "kpi_plan",
            "plan_version = 'proposed'",
            "bound_usd = NULL, optimality_gap_pct = 0.6",
            kpi_plan_certificate_present='"plan"',
            kpi_plan_gap_small="0.6",
        ),
        _set(
            "kpi_territory",
            "territory_id = 't-r0' AND plan_version = 'proposed'",
            "service_hours = service_hours + 0.2, potential_usd = potential_usd - 0.2, "
            "actual_sales_usd = actual_sales_usd + 0.2, travel_hours = travel_hours + 0.2",
            kpi_territory_hours_reconcile='"302.7',
            kpi_territory_potential_reconcile='"10000.80"',
            kpi_territory_sales_reconcile='"4000.70"',
            kpi_territory_travel_reconciles='"25.2',
        ),
    ],
)

PUBLISH_EMPTY = Wave(
    "publish",
    [
        _sql("DELETE FROM dim_account", dim_account_has_rows="[]"),
        _sql("DELETE FROM dim_rep", dim_rep_has_rows="[]"),
    ],
)

WAVES = [RAW_ROWS, RAW_FAMILIES, RAW_WHOLE, RAW_EMPTY, PUBLISH_ROWS, PUBLISH_TOTALS, PUBLISH_EMPTY]
